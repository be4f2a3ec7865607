import Testing
import VerdictModel

@testable import VerdictSnapshot

extension Forgery {
  private static func entry(_ kind: SectionKind) -> Int {
    SnapshotFormat.headerByteCount
      + Int(kind.rawValue) * SnapshotFormat.sectionEntryByteCount
  }

  static let ofTheFile: [Forgery] = [
    Forgery(bytes: "header: the number of sections") { $0.store(UInt32(7), at: 44) },
    Forgery(.policies, "header: an unknown flag") { $0.flags = 4 },
    Forgery(bytes: "header: the reserved bytes") { $0[64] = 1 },
    Forgery(bytes: "header: the reserved bytes") { $0[127] = 0x80 },
    Forgery(bytes: "section terms: the kind") { $0.store(UInt32(1), at: entry(.terms)) },
    Forgery(bytes: "section terms: the offset") { $0[entry(.terms) + 8] ^= 64 },
    Forgery(bytes: "section resourceOrder: the length") {
      $0.store(UInt64($0.count), at: entry(.resourceOrder) + 16)
    },
    Forgery(bytes: "section terms: the number of records") { $0[entry(.terms) + 4] ^= 1 },
    Forgery(bytes: "bytes after the last section") {
      $0 += [UInt8](repeating: 0, count: 64)
      $0.store(UInt64($0.count), at: 48)
    },
  ]

  static let ofTheModel: [Forgery] =
    [
      Forgery(.policies, "identity: the number") { $0.pad(.identity, to: 4) },
      Forgery(.policies, "types: the number") { $0[.types] = [] },
      Forgery(.policies, "types: the number") { $0.pad(.types, to: 65) },
      Forgery(.policies, "permissions: the number") { $0.pad(.permissions, to: 256) },
      Forgery(.policies, "actions: the number") { $0.pad(.actions, to: 256) },
      Forgery(.policies, "relations: the number") { $0.pad(.relations, to: 33) },
      Forgery(.policies, "cases: the number") { $0.pad(.cases, to: 65_535) },
      Forgery(.policies, "header: the number of cells") { $0.cellCount = 32_767 },
      Forgery(.policies, "cells: the number") { $0[.cells] += [0, 0] },
      Forgery(.policies, "rules: the number") { $0.pad(.rules, to: $0.count(of: .rules) + 1) },
      Forgery(.policies, "types N: a text's place") {
        $0[.types, 0, 20] = UInt32($0.count(of: .texts))
      },
      Forgery(.policies, "identity N: not text") { $0[.texts][0] = 0xff },
      Forgery(.policies, "identity: the organization") { $0[.identity, 1, 4] = 0 },
      Forgery(.policies, "cells: number N") { $0[.cells].store(UInt16($0.cellCount), at: 0) },
      Forgery(.policies, "rule N: the case") {
        $0[.rules].store(UInt16($0.count(of: .cases)), at: 0)
      },
      Forgery(.policies, "rule N: the only term") {
        $0[.rules].store(UInt16($0.cellCount + 1), at: try plainRule($0) + 2)
      },
      Forgery(.policies, "rule N: the only term") {
        $0[.rules].store(SnapshotFormat.none16, at: try plainRule($0))
      },
      Forgery(.policies, "rule N: the only term") {
        $0[.rules][try plainRule($0) + 4] = UInt8($0.count(of: .permissions))
      },
      Forgery(.policies, "permission N: the kind") { $0[.permissions, 0, 16] = 3 },
      Forgery(.policies, "relation N: a type") { $0.set(.relations, 0, byte: 8, to: 64) },
      Forgery(.policies, "relation N: a type") { $0.set(.relations, 0, byte: 9, to: 64) },
      Forgery(.policies, "action N: its rule") { $0.set(.actions, 0, byte: 17, to: 0x80) },
      Forgery(.policies, "action N: its rule") { $0.set(.actions, 0, byte: 18, to: 4) },
      Forgery(.policies, "action N: its rule") { $0.set(.actions, 0, byte: 19, to: 3) },
    ] + ofRequirements

  private static let ofRequirements: [Forgery] = [
    Forgery(.policies, "case N: the target") { $0.set(.cases, 0, byte: 0, to: 3) },
    Forgery(.policies, "case N: the relation") {
      $0.set(.cases, 0, byte: 1, to: UInt8($0.count(of: .relations)))
    },
    Forgery(.policies, "case N: the linked terms") {
      $0[.cases, 0, 4] = UInt32($0.count(of: .terms) + 1)
    },
    Forgery(.policies, "case N: the alternatives") {
      $0[.cases, 0, 8] = UInt32($0.count(of: .alternatives) + 1)
    },
    Forgery(.policies, "case N: a target type") { $0.set(.cases, 0, byte: 23, to: 0x80) },
    Forgery(.policies, "alternative N: the terms") {
      $0[.alternatives, 0, 4] = UInt32($0.count(of: .terms) + 1)
    },
    Forgery(.policies, "term N") {
      $0.set(.terms, 0, byte: 0, to: UInt8($0.count(of: .permissions)))
    },
    Forgery(.policies, "term N") { $0.set(.terms, 0, byte: 1, to: 6) },
    Forgery(.policies, "term N") {
      $0.set(.terms, 0, byte: 1, to: TermOperand.every)
      $0.set(.terms, 0, byte: 2, to: UInt8($0.count(of: .relations)))
    },
    Forgery(.policies, "term N") {
      $0.set(.terms, 0, byte: 1, to: TermOperand.parent)
      $0.set(.terms, 0, byte: 2, to: UInt8($0.count(of: .relations)))
    },
  ]

  /// Where a rule of one term begins.
  private static func plainRule(_ writer: SnapshotWriter) throws -> Int {
    let rules = 0..<writer.count(of: .rules)
    return try #require(rules.first { RuleRecord(word: writer.rule($0)).column > 0 }) * 8
  }
}

extension SnapshotWriter {
  fileprivate func rule(_ index: Int) -> UInt64 {
    UInt64(self[.rules, index]) | UInt64(self[.rules, index, 4]) << 32
  }
}
