import Glibc
import Reactor
import Receipts

/// A file of a receipt log: open for appending, and no other relay's.
struct ReceiptFile: ~Copyable {
    let path: String
    /// What the file ends in; nothing more is read of it.
    let tail: ReceiptTail
    /// Whether nothing stands in it yet.
    let isEmpty: Bool
    private let descriptor: Descriptor
    private let identity: Identity

    /// Makes or opens it, and keeps every other relay from writing to it.
    init(_ path: String) throws(ReceiptFileError) {
        let raw = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
        guard raw >= 0 else { throw .system(path, .last("open")) }
        let descriptor = Descriptor(owning: raw)
        guard flock(descriptor.raw, LOCK_EX | LOCK_NB) == 0 else {
            let error = SystemError.last("flock")
            throw error.isWouldBlock ? .taken(path) : .system(path, error)
        }
        var status = stat()
        guard fstat(descriptor.raw, &status) == 0 else { throw .system(path, .last("fstat")) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw .notAFile(path) }
        let size = Int(status.st_size)
        let bytes = try Self.lastBytes(of: descriptor.raw, size: size, path: path)
        do throws(ReceiptTailError) {
            tail = try ReceiptTail(bytes, isWholeFile: bytes.count == size, digest: ReceiptPlan.digest)
        } catch {
            throw .notALog(path)
        }
        self.path = path
        isEmpty = size == 0
        identity = Identity(status)
        self.descriptor = descriptor
    }

    /// Appends as much as the system takes: how much, or why nothing.
    func append(_ bytes: UnsafeRawBufferPointer, to disk: ReceiptDisk) throws(SystemError) -> Int {
        let count = disk.write(descriptor.raw, bytes.baseAddress, bytes.count)
        guard count >= 0 else { throw .last("write") }
        return count
    }

    /// Waits until all of it is on the disk.
    func sync(to disk: ReceiptDisk) throws(SystemError) {
        guard disk.sync(descriptor.raw) == 0 else { throw .last("fdatasync") }
    }

    /// Whether the path leads to this file no more: it was renamed or removed.
    var isMoved: Bool {
        var status = stat()
        return stat(path, &status) != 0 || Identity(status) != identity
    }

    private struct Identity: Equatable {
        let device: dev_t
        let node: ino_t

        init(_ status: stat) {
            device = status.st_dev
            node = status.st_ino
        }
    }

    private static func lastBytes(of descriptor: Int32, size: Int, path: String) throws(ReceiptFileError) -> [UInt8] {
        let wanted = min(size, ReceiptTail.maxBytes)
        var bytes = [UInt8](repeating: 0, count: wanted)
        var start = 0
        while start < wanted {
            let count = bytes.withUnsafeMutableBytes {
                pread(descriptor, $0.baseAddress.map { $0 + start }, wanted - start, size - wanted + start)
            }
            guard count > 0 else { throw .system(path, .last("pread")) }
            start += count
        }
        return bytes
    }
}

/// The system calls that a disk may fail; others stand in for them in tests.
struct ReceiptDisk: Sendable {
    /// write(2).
    var write: @Sendable (Int32, UnsafeRawPointer?, Int) -> Int = { Glibc.write($0, $1, $2) }
    /// fdatasync(2).
    var sync: @Sendable (Int32) -> Int32 = { fdatasync($0) }
}

/// Why a file cannot be a relay's receipt log.
enum ReceiptFileError: Error, Equatable {
    case system(String, SystemError)
    case taken(String)
    case notAFile(String)
    case notALog(String)
    case notEmpty(String)

    /// With the remedy.
    var sentence: String {
        switch self {
        case .system(let path, let error):
            "\(path) cannot be opened (\(error)): it must be in a directory that exists and this user may write to."
        case .taken(let path): "Another relay writes to \(path): give each a file of its own."
        case .notAFile(let path): "\(path) is no regular file."
        case .notEmpty(let path): "\(path) holds something already: the log goes on only in a new file."
        case .notALog(let path):
            "\(path) does not end as a receipt log does, or its last line was altered. Keep it, "
                + "under another name; `tidegate audit verify` says what is wrong with it. A new log then begins."
        }
    }
}
