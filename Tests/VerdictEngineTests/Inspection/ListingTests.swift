import Testing
import VerdictEngine
import VerdictModel
import VerdictPolicy
import VerdictSnapshot
import VerdictTestKit

@Suite("Effective policies and lists")
struct ListingTests {
  /// Everybody of a world, as checks name them.
  static func principals(_ view: SnapshotView) -> [[UInt8]] {
    let table = view.table(.principals)
    return (0..<view.principalCount).map { place in
      let slot = view.principalSlot(at: place)
      let kind = PrincipalKind(rawValue: table.slot(slot).tag) ?? .user
      return Array(kind.prefix.utf8) + table.key(slot: slot).array
    }
  }

  static func resources(_ view: SnapshotView, _ workspace: Int, _ type: Int) -> [[UInt8]] {
    view.resources(workspace: workspace, type: type).map {
      view.table(.resources).key(slot: view.resourceSlot(at: $0)).array
    }
  }

  static func decide(_ check: ReferenceCheck, _ view: SnapshotView) -> Decision {
    check.withQuestion { Engine.decide($0, in: view) }
  }

  static let strange = Array("no resource has this id".utf8)

  @Test("orders are those of the ids' bytes, and complete")
  func orders() throws {
    for seed in UInt64(1)...40 {
      let models = try ExplainedWorld.models()
      let world = try ExplainedWorld(seed: seed, model: models[Int(seed % 2)])
      let names = ListingTests.principals(world.view)
      let users = names.filter { $0.starts(with: "user:".utf8) }
      #expect(users == users.sorted { $0.lexicographicallyPrecedes($1) })
      #expect(Set(names).count == world.view.table(.principals).entryCount)
      for workspace in 0..<world.view.workspaceCount {
        for type in 0..<world.view.typeCount {
          let ids = ListingTests.resources(world.view, workspace, type)
          #expect(ids == ids.sorted { $0.lexicographicallyPrecedes($1) })
        }
      }
    }
  }

  @Test("an effective policy says of each permission what checks say one by one")
  func effective() throws {
    var looked = 0
    var allowed = 0
    for seed in UInt64(1)...30 {
      let models = try ExplainedWorld.models()
      let world = try ExplainedWorld(seed: seed, model: models[Int(seed % 2)])
      let view = world.view
      for principal in ListingTests.principals(view) {
        for workspace in 0..<view.workspaceCount {
          let id = view.workspaceID(workspace).array
          let policy = principal.withByteView { principal in
            id.withByteView { Engine.effectivePolicy(of: principal, in: $0, view) }
          }
          for action in world.document.model.actions {
            guard case .workspace(let rule) = action.rule else { continue }
            for item in rule.cases {
              // Cases of one term on `self` are what an entry says directly.
              guard let type = item.selfType, item.linkedBy == nil, item.alternatives.count == 1,
                item.alternatives[0].count == 1, item.alternatives[0][0].operand == .self,
                item.target != .required, rule.selfOperand != .type
              else { continue }
              let term = item.alternatives[0][0]
              let entry = policy.entries.first {
                $0.permission == world.document.model.permissions[term.permission].name
                  && $0.type == world.document.model.resourceTypes[type].name
              }
              let typeName = Array(world.document.model.resourceTypes[type].name.utf8)
              let ids = ListingTests.resources(view, workspace, type)
              for resource in ids + [ListingTests.strange] {
                let check = ReferenceCheck(
                  principal: principal, workspace: id, action: Array(action.name.utf8),
                  resource: typeName + Array("/".utf8) + resource)
                let answer = world.reference.decide(check)
                if answer.reason == .unknownResource { continue }
                let isKnown = resource != ListingTests.strange
                var says = policy.administers
                if let scope = entry?.scope {
                  says =
                    says || scope.isAll || !isKnown && scope.includesFuture
                    || isKnown && scope.ids.contains { Array($0.utf8) == resource }
                }
                if policy.principal.tokenScope == "read_only", !rule.reads { says = false }
                looked += 1
                allowed += says ? 1 : 0
                #expect(
                  says == (answer.effect == .allow), "seed \(seed): \(check): \(policy.entries)")
              }
            }
          }
          let isRefused = ListingTests.isRefused(principal, id, view)
          #expect((policy.refusal != nil) == isRefused)
          if isRefused { continue }
          // Under policies viewing is a floor; under roles it takes one but for the workspace.
          let isFloor = world.document.model.access == .policies
          #expect(policy.openActions == (isFloor ? ["view"] : []))
          #expect(policy.workspaceActions == ["view"])
        }
      }
    }
    #expect(looked > 20_000 && allowed > 2_000, "\(looked) \(allowed)")
  }

  static func isRefused(_ principal: [UInt8], _ workspace: [UInt8], _ view: SnapshotView) -> Bool {
    let check = ReferenceCheck(
      principal: principal, workspace: workspace, action: Array("view".utf8))
    return decide(check, view).effect != .allow
  }

  @Test("pages of resources are what checks allow one by one")
  func listResources() throws {
    var listed = 0
    for seed in UInt64(1)...40 {
      let models = try ExplainedWorld.models()
      let world = try ExplainedWorld(seed: seed, model: models[Int(seed % 2)])
      let view = world.view
      var checks = CheckGenerator(documents: [world.document], seed: seed)
      for _ in 0..<25 {
        var check = checks.next()
        guard let resource = check.resource, let slash = resource.firstIndex(of: 47) else {
          continue
        }
        let type = Array(resource[..<slash])
        check.resource = type
        var found: [[UInt8]] = []
        var token = ""
        var refusal: CheckAnswer?
        var includesUnknown = false
        var pageCount = 0
        repeat {
          let page = try token.withByteView { token in
            try check.withQuestion { question in
              Result { () throws(PageFault) in
                try Engine.listResources(
                  question, PageRequest(itemCountMax: 1 + Int(seed % 40), token: token), in: view)
              }
            }.get()
          }
          found += page.resources.map { Array($0.id.utf8) }
          token = page.nextPageToken
          refusal = page.refusal
          includesUnknown = page.includesUnknown
          pageCount += 1
        } while !token.isEmpty && pageCount < 1_000
        listed += found.count
        let number = type.withByteView { view.findType($0) }
        func isAllowed(_ id: [UInt8]) -> Bool {
          var single = check
          single.resource = type + [47] + id
          return ListingTests.decide(single, view).effect == .allow
        }
        var expected: [[UInt8]] = []
        for workspace in 0..<view.workspaceCount where number >= 0 {
          expected += ListingTests.resources(view, workspace, number).filter(isAllowed)
        }
        #expect(found == expected, "seed \(seed): \(check)")
        #expect(includesUnknown == isAllowed(ListingTests.strange), "seed \(seed): \(check)")
        if refusal != nil { #expect(expected.isEmpty) }
      }
    }
    #expect(listed > 500)
  }

  @Test("pages of principals are what checks allow one by one, each through something")
  func listPrincipals() throws {
    var listed = 0
    for seed in UInt64(1)...60 {
      let models = try ExplainedWorld.models()
      let world = try ExplainedWorld(seed: seed, model: models[Int(seed % 2)])
      let view = world.view
      var checks = CheckGenerator(documents: [world.document], seed: seed)
      for _ in 0..<30 {
        let check = checks.next()
        var found: [PrincipalPage.Principal] = []
        var refusal: Reason?
        var token = ""
        var pageCount = 0
        repeat {
          let page = try token.withByteView { token in
            try check.withQuestion { question in
              Result { () throws(PageFault) in
                try Engine.listPrincipals(
                  question, PageRequest(itemCountMax: 2, token: token), in: view)
              }
            }.get()
          }
          found += page.principals
          refusal = page.refusal?.reason
          token = page.nextPageToken
          pageCount += 1
        } while !token.isEmpty && pageCount < 1_000
        listed += found.count
        // Tokens bring a workspace along, but a list is about one.
        if refusal == .missingWorkspace { continue }
        var expected: [[UInt8]] = []
        for principal in ListingTests.principals(view) {
          var single = check
          single.principal = principal
          let decision = ListingTests.decide(single, view)
          if decision.effect == .allow { expected.append(principal) }
        }
        #expect(found.map { Array($0.principal.utf8) } == expected, "seed \(seed): \(check)")
        #expect(found.allSatisfy { !$0.through.isEmpty }, "seed \(seed): \(check)")
      }
    }
    #expect(listed > 1_000)
  }

  @Test("a page token is good for its question and its policies only")
  func tokens() throws {
    let model = try #require(try AccessModels.shipped()["rudderstack"])
    let profile = OrganizationProfile(
      memberCount: 50, resourceCount: 200, workspaceCount: 1, groupCount: 2)
    let other = OrganizationProfile(
      memberCount: 51, resourceCount: 200, workspaceCount: 1, groupCount: 2)
    let world = try CompiledWorld([profile.document(model: model)])
    let changed = try CompiledWorld([other.document(model: model)])
    func page(_ token: String, _ action: String, _ world: CompiledWorld) throws -> ResourcePage {
      let check = ReferenceCheck(
        principal: Array("owner@generated.example".utf8), workspace: Array("workspace-0".utf8),
        action: Array(action.utf8), resource: Array("destination".utf8))
      return try token.withByteView { token in
        check.withQuestion { question in
          Result { () throws(PageFault) in
            try Engine.listResources(
              question, PageRequest(itemCountMax: 5, token: token), in: world.view(0))
          }
        }
      }.get()
    }
    let token = try page("", "edit", world).nextPageToken
    #expect(token.utf8.count == 48)
    #expect(try page(token, "edit", world).resources.count == 5)
    #expect(throws: PageFault.foreignToken) { try page(token, "view", world) }
    #expect(throws: PageFault.staleToken) { try page(token, "edit", changed) }
    for bad in ["x", String(token.dropLast()), String(repeating: "f", count: 48)] {
      #expect(throws: PageFault.foreignToken) { try page(bad, "edit", world) }
    }
  }
}
