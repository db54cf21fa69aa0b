import Testing

@Suite struct RelayServerPlaceholder {
}
