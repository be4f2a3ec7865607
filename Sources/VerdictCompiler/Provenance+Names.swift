internal import VerdictModel
internal import VerdictPolicy
internal import VerdictSnapshot

/// What explanations name: groups, roles, and what a policy could say.
enum ProvenanceNames {
  static func write(
    _ context: CompileContext, _ cells: CellMap, to writer: inout SnapshotWriter
  ) {
    let document = context.document
    for group in document.groups.sorted(by: { context.rank($0.id) < context.rank($1.id) }) {
      let reference = document.symbols.withBytes(of: group.id.symbol) {
        writer.provenanceReference($0)
      }
      writer[.groupNames].append(integer: reference)
    }
    for role in document.model.roles { write(role, document, cells, to: &writer) }
    writeGrantables(document, to: &writer)
  }

  private static func write(
    _ role: AccessModel.Role, _ document: PolicyDocument, _ cells: CellMap,
    to writer: inout SnapshotWriter
  ) {
    for text in [role.name, role.display] {
      let reference = text.withByteView { writer.provenanceReference($0) }
      writer[.roles].append(integer: reference)
    }
    writer[.roles].append(integer: UInt32(writer[.roleGrants].count / 4))
    writer[.roles].append(integer: UInt16(role.grants.count))
    var flags: UInt16 = role.administers ? RoleFlag.administers : 0
    if role.plans.contains(document.organization.plan) { flags |= RoleFlag.available }
    if let scope = role.scope { flags |= RoleFlag.scoped | UInt16(scope.type) << 8 }
    writer[.roles].append(integer: flags)
    for grant in role.grants {
      var flags: UInt16 = grant.onlyWithAll ? RoleGrantFlag.onlyWithAll : 0
      if let type = grant.type, type == role.scope?.type { flags |= RoleGrantFlag.followsScope }
      writer[.roleGrants].append(
        integer: UInt16(cells.cell(grant.permission, type: grant.type)))
      writer[.roleGrants].append(integer: flags)
    }
  }

  /// By cell, in the order in which `CellMap` numbers them.
  private static func writeGrantables(
    _ document: PolicyDocument, to writer: inout SnapshotWriter
  ) {
    let model = document.model
    let features = model.plans[document.organization.plan].features
    for (index, permission) in model.permissions.enumerated() {
      var flags: UInt8 = 0
      switch model.access {
      case .policies:
        let isWritable = !features.isDisjoint(with: [.baseline, .memberPolicies, .groupPolicies])
        if isWritable, permission.kind != .pii || features.contains(.pii) {
          flags = GrantableFlag.grantable
        }
      case .roles: break
      }
      if permission.kind == .switch {
        if model.access == .roles {
          flags = roleFlags(document, permission: index, type: nil)
        }
        writer[.grantables].append(contentsOf: [UInt8(index), .max, flags, 0])
      }
      for grantable in permission.types {
        var ofType = flags
        if model.access == .roles {
          ofType = roleFlags(document, permission: index, type: grantable.type)
        } else if grantable.narrowable && features.contains(.instanceScopes) {
          ofType |= GrantableFlag.narrowable
        }
        writer[.grantables].append(contentsOf: [UInt8(index), UInt8(grantable.type), ofType, 0])
      }
    }
  }

  /// What the plan's roles grant.
  private static func roleFlags(
    _ document: PolicyDocument, permission: Int, type: Int?
  ) -> UInt8 {
    var flags: UInt8 = 0
    for role in document.model.roles where role.plans.contains(document.organization.plan) {
      for grant in role.grants where grant.permission == permission && grant.type == type {
        flags |= GrantableFlag.grantable
        if type != nil, role.scope?.type == type, !grant.onlyWithAll {
          flags |= GrantableFlag.narrowable
        }
      }
    }
    return flags
  }
}

extension SnapshotWriter {
  /// Adds a text to section `provenanceTexts` and returns its reference, 8 bytes.
  mutating func provenanceReference(_ text: ByteView) -> UInt64 {
    let offset = self[.provenanceTexts].count
    self[.provenanceTexts].append(contentsOf: text.array)
    return UInt64(offset) | UInt64(text.count) << 32
  }
}
