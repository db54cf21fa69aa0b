import Testing

@Suite struct ReactorPlaceholder {
}
