import HTTP2
import Testing

@Suite struct HTTP2LibraryTests {
    @Test func theLibraryHereIsGoodEnough() throws {
        try HTTP2Library.check()
        #expect(HTTP2Library.version.split(separator: ".").count >= 3)
    }
}
