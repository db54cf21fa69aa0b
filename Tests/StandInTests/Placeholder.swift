import Testing

@Suite struct StandInPlaceholder {
}
