import Testing

@Suite struct PolicyPlaceholder {
}
