import Testing

@Suite struct ArrowsTests {
    @Test func thePackageDeclaresTheArrowsOfThePictureAndNoOthers() throws {
        #expect(try declaredArrows() == Arrows.all)
    }

    @Test(arguments: Arrows.pure.keys.sorted())
    func aPureTargetImportsOnlyPureTargetsItPointsTo(target: String) throws {
        let allowed = try #require(Arrows.pure[target])
        #expect(allowed.isSubset(of: Arrows.pure.keys))
        for file in try SourceTree.files(under: "Sources/" + target) {
            #expect(Set(file.imports).subtracting(allowed).isEmpty, "\(file.path) imports too much")
        }
    }

    @Test(arguments: Arrows.homes.keys.sorted())
    func aModuleFromOutsideIsImportedOnlyWhereItHasItsHome(module: String) throws {
        for target in Arrows.all.keys where Arrows.homes[module]?.contains(target) == false {
            for file in try SourceTree.files(under: "Sources/" + target) {
                #expect(!file.imports.contains(module), "\(file.path) imports \(module)")
            }
        }
    }

    @Test func everyFolderOfSourcesIsATargetOfThePicture() throws {
        let folders = Set(try SourceTree.files(under: "Sources").map { String($0.path.split(separator: "/")[1]) })
        #expect(folders == Set(Arrows.all.keys))
    }
}

/// Reads the arrows from the text of `Package.swift`, where each target stands as `library("Name", […])`, perhaps with settings, or
/// `.executableTarget(name: "Name", dependencies: […])`.
private func declaredArrows() throws -> [String: Set<String>] {
    let manifest = try SourceTree.text(of: "Package.swift")
        .replacing(/\/\/.*/, with: "")
        .replacing(/\s/, with: "")
        .replacing(/\.product\(name:("\w+"),package:"[\w-]+"\)/) { $0.output.1 }
    let library = /library\("(?<name>[\w-]+)"(,\[(?<arrows>[^\]]*)\])?(,settings:\[[^\]]*\])?,?\)/
    let executable = /\.executableTarget\(name:"(?<name>[\w-]+)",dependencies:\[(?<arrows>[^\]]*)\]/
    let found =
        manifest.matches(of: library).map { ($0.name, $0.arrows ?? "") }
        + manifest.matches(of: executable).map { ($0.name, $0.arrows) }
    return Dictionary(
        found.map { name, arrows in
            (String(name), Set(arrows.matches(of: /"([\w-]+)"/).map { String($0.output.1) }))
        },
        uniquingKeysWith: { $0.union($1) })
}
