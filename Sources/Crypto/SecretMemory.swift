import COpenSSL
import Glibc

/// Where secrets lie: pages of their own between guard pages, apart from everything that is allocated and freed all day.
/// They are left out of core dumps and wiped when they are given back.
///
/// Small secrets share libcrypto's secure heap, in which OpenSSL keeps the numbers of private keys too; it is not swapped
/// where the system allows that. What does not fit in has a mapping to itself. A forked child would have a copy: nothing here
/// forks. Any thread.
package enum SecretMemory {
    /// Memory for at least one byte; not initialised.
    static func allocate(_ count: Int) -> UnsafeMutableRawBufferPointer {
        if count <= largestShared, hasSharedPages, let memory = shim_OPENSSL_secure_malloc(count) {
            return UnsafeMutableRawBufferPointer(start: memory, count: count)
        }
        return map(count)
    }

    /// Wipes the memory and gives it back.
    static func release(_ memory: UnsafeMutableRawBufferPointer) {
        if CRYPTO_secure_allocated(memory.baseAddress) == 1 {
            shim_OPENSSL_secure_clear_free(memory.baseAddress, memory.count)
        } else {
            // The kernel hands no page on before it is wiped.
            munmap(memory.baseAddress, memory.count)
        }
    }

    /// Overwrites memory that held a secret, wherever it is; the compiler cannot leave that out.
    package static func wipe(_ memory: UnsafeMutableRawBufferPointer) {
        OPENSSL_cleanse(memory.baseAddress, memory.count)
    }

    /// Larger ones (whole files, as a rule, for the time of their reading) would crowd out the many small ones.
    private static let largestShared = 64 << 10

    /// As much as systemd lets a service lock. OpenSSL keeps a block for as long as a TLS connection lives, and agrees on no
    /// new one when there is none left: room for a quarter of a million. Only pages in use are memory.
    private static let sharedBytes = 8 << 20
    private static let smallestBlock = 32

    // 0 is a failure. 2 is a heap that the system does not let be locked into memory: its pages could be swapped, and all
    // else holds.
    private static let hasSharedPages = CRYPTO_secure_malloc_init(sharedBytes, smallestBlock) != 0

    private static func map(_ count: Int) -> UnsafeMutableRawBufferPointer {
        let memory = mmap(nil, count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let memory, memory != UnsafeMutableRawPointer(bitPattern: -1) else {
            preconditionFailure("out of memory")
        }
        madvise(memory, count, MADV_DONTDUMP)
        return UnsafeMutableRawBufferPointer(start: memory, count: count)
    }
}
