import Foundation
import Testing

@testable import Reactor

@Suite struct KernelTLSTests {
    /// The kernel's own list, in which a module that it has not loaded is missing.
    @Test func aKernelThatListsItOffersIt() throws {
        let list = try String(contentsOfFile: "/proc/sys/net/ipv4/tcp_available_ulp", encoding: .utf8)
        if list.split(whereSeparator: \.isWhitespace).contains("tls") { #expect(KernelTLS.isOffered) }
        #expect(KernelTLS.isOffered == KernelTLS.isOffered)
    }
}
