import CLinux
import Glibc

/// A thread of its own for a loop, or for work that blocks.
package final class LoopThread: Sendable {
    /// Deep recursion (JSON, YAML, certificate chains) stays far below; only touched pages cost memory.
    package static let defaultStackSize = 1 << 20

    /// `nil` once joined.
    private let thread: Lock<pthread_t?>

    private init(_ thread: pthread_t) {
        self.thread = Lock(thread)
    }

    /// Runs `body` on a new thread.
    ///
    /// What `body` captures goes over to that thread: the compiler refuses any later use of it here.
    ///
    /// - Parameters:
    ///   - name: what `ps` and crash reports show; the kernel keeps 15 bytes.
    ///   - stackSize: in bytes.
    package static func start(
        name: String, stackSize: Int = defaultStackSize, _ body: sending @escaping () -> Void
    ) throws(SystemError) -> LoopThread {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setstacksize(&attributes, stackSize)

        let start = Unmanaged.passRetained(ThreadStart(name: name, body: body))
        var thread = pthread_t()
        let code = pthread_create(&thread, &attributes, threadMain, start.toOpaque())
        guard code == 0 else {
            start.release()
            throw SystemError(code: code, call: "pthread_create")
        }
        return LoopThread(thread)
    }

    /// Waits until `body` has returned. Later calls return at once. Never call it on the thread itself.
    package func join() {
        guard let thread = thread.withLock({ $0.take() }) else { return }
        pthread_join(thread, nil)
    }

    /// A thread that nobody joins cleans up behind itself.
    deinit {
        if let thread = thread.withLock({ $0.take() }) { pthread_detach(thread) }
    }
}

/// What a new thread is given.
private final class ThreadStart {
    let name: String
    let body: () -> Void

    init(name: String, body: @escaping () -> Void) {
        self.name = name
        self.body = body
    }
}

private func threadMain(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let argument else { return nil }
    let start = Unmanaged<ThreadStart>.fromOpaque(argument).takeRetainedValue()
    clinux_name_thread(start.name)
    start.body()
    return nil
}
