import Testing

@Suite struct TLSPlaceholder {
}
