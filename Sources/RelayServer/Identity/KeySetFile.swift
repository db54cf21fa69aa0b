import Glibc
import Identity

/// A key set that operators keep in a file.
package enum KeySetFile {
    /// What is wrong with the file, for `check`; nil when it holds keys.
    package static func fault(in path: String) -> String? {
        do throws(KeySetFailure) {
            _ = try read(path)
            return nil
        } catch { return error.text }
    }

    static func read(_ path: String) throws(KeySetFailure) -> KeySet {
        guard let bytes = bytes(of: path) else { throw KeySetFailure("\(path) cannot be read") }
        do throws(KeySetError) { return try KeySet(bytes) } catch {
            throw KeySetFailure("the key set in \(path) \(error.sentence)")
        }
    }

    /// No more than shows that a file is too large.
    private static func bytes(of path: String) -> [UInt8]? {
        guard let file = fopen(path, "re") else { return nil }
        defer { fclose(file) }
        let bytes = [UInt8](unsafeUninitializedCapacity: KeySet.maxBytes + 1) { buffer, count in
            count = fread(buffer.baseAddress, 1, buffer.count, file)
        }
        return ferror(file) == 0 ? bytes : nil
    }
}
