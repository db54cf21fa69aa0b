import Testing

@Suite struct RelayCorePlaceholder {
}
