import Testing

@Suite struct WebSocketPlaceholder {
}
