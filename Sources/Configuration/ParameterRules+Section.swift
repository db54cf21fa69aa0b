import Policy

extension ParameterRules {
    /// What a `parameters` section of either file says.
    init(_ section: Section, faults: inout Faults) {
        var force: [ParameterName: String] = [:]
        for pair in section.pairs("force") {
            guard let name = ParameterName(pair.key), let value = pair.value.text else { continue }
            // YAML tells `1` and `"1"` apart; a query does not.
            if force.updateValue(value, forKey: name) != nil {
                faults.error(pair.keyPlace, "\(quoted(pair.key)) is forced twice; leave one of them out")
            }
        }
        let allow = section.node("allow")?.list.map { $0.compactMap { $0.text.flatMap { ParameterName($0) } } }
        self.init(allow: allow.map { Set($0) }, force: force)
    }
}
