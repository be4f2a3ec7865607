public import VerdictModel

/// An action of the compiled model.
public struct ActionRecord {
  @usableFromInline let word: UInt64

  @inlinable @inline(__always)
  init(word: UInt64) { self.word = word }

  @inlinable @inline(__always)
  public var flags: UInt16 { UInt16(truncatingIfNeeded: word) }
  @inlinable @inline(__always)
  public func has(_ flag: UInt16) -> Bool { flags & flag != 0 }
  /// A raw value of `AccessModel.WorkspaceRule.SelfOperand`.
  @inlinable @inline(__always)
  public var selfOperand: UInt8 { UInt8(truncatingIfNeeded: word >> 16) }
  /// A raw value of `AccessModel.OrganizationRule.Who`.
  @inlinable @inline(__always)
  public var who: UInt8 { UInt8(truncatingIfNeeded: word >> 24) }
}

/// What an action requires of one type of resource.
public struct CaseRecord {
  @usableFromInline let head: UInt64
  @usableFromInline let alternatives: UInt32
  /// One bit per type that the target may have.
  public let targetTypes: UInt64

  @inlinable @inline(__always)
  init(head: UInt64, alternatives: UInt32, targetTypes: UInt64) {
    self.head = head
    self.alternatives = alternatives
    self.targetTypes = targetTypes
  }

  /// A raw value of `AccessModel.Case.TargetOperand`.
  @inlinable @inline(__always)
  public var target: UInt8 { UInt8(truncatingIfNeeded: head) }
  /// A relation, or 255.
  @inlinable @inline(__always)
  public var linkedBy: UInt8 { UInt8(truncatingIfNeeded: head >> 8) }
  @inlinable @inline(__always)
  public var linkedTermCount: Int { Int(UInt8(truncatingIfNeeded: head >> 16)) }
  @inlinable @inline(__always)
  public var alternativeCount: Int { Int(UInt8(truncatingIfNeeded: head >> 24)) }
  @inlinable @inline(__always)
  public var firstLinkedTerm: Int { Int(head >> 32) }
  @inlinable @inline(__always)
  public var firstAlternative: Int { Int(alternatives) }
}

/// What an action requires of a type, as far as one word tells; see `SnapshotFormat`.
public struct RuleRecord {
  @usableFromInline let word: UInt64

  @inlinable @inline(__always)
  init(word: UInt64) { self.word = word }

  /// No rule: the action does not apply.
  @inlinable
  public init() { self.init(word: UInt64(SnapshotFormat.none16)) }

  /// The case, or -1: the action does not apply.
  @inlinable @inline(__always)
  public var caseIndex: Int {
    let index = UInt16(truncatingIfNeeded: word)
    return index == SnapshotFormat.none16 ? -1 : Int(index)
  }
  /// The column of the only term, or 0.
  @inlinable @inline(__always)
  public var column: Int { Int(UInt16(truncatingIfNeeded: word >> 16)) }
  /// The permission of that term.
  @inlinable @inline(__always)
  public var permission: UInt8 { UInt8(truncatingIfNeeded: word >> 32) }
}

/// One permission on one operand.
public struct TermRecord {
  @usableFromInline let word: UInt32

  @inlinable @inline(__always)
  init(word: UInt32) { self.word = word }

  @inlinable @inline(__always)
  public var permission: UInt8 { UInt8(truncatingIfNeeded: word) }
  /// A value of `TermOperand`.
  @inlinable @inline(__always)
  public var operand: UInt8 { UInt8(truncatingIfNeeded: word >> 8) }
  @inlinable @inline(__always)
  public var relation: UInt8 { UInt8(truncatingIfNeeded: word >> 16) }
}

extension SnapshotView {
  @inlinable @inline(__always)
  public var typeCount: Int { count(of: .types) }
  @inlinable @inline(__always)
  public var actionCount: Int { count(of: .actions) }
  @inlinable @inline(__always)
  public var permissionCount: Int { count(of: .permissions) }

  /// Tags of the `names` table.
  @inlinable public static var actionTag: UInt8 { 0 }
  @inlinable public static var typeTag: UInt8 { 1 }

  /// The action with this name, or -1.
  @inlinable
  public func findAction(_ name: ByteView) -> Int { findName(SnapshotView.actionTag, name) }

  /// The resource type with this name, or -1.
  @inlinable
  public func findType(_ name: ByteView) -> Int { findName(SnapshotView.typeTag, name) }

  @inlinable
  func findName(_ tag: UInt8, _ name: ByteView) -> Int {
    let names = table(.names)
    let slot = names.find(tag: tag, name)
    return slot.isFound ? Int(slot.value) : -1
  }

  @inlinable @inline(__always)
  public func action(_ index: Int) -> ActionRecord {
    ActionRecord(word: load64(.actions, index, 16))
  }

  /// The case of an action for a type of `self` (`typeCount`: no resource), or -1.
  @inlinable @inline(__always)
  public func caseIndex(action: Int, type: Int) -> Int {
    rule(action: action, type: type).caseIndex
  }

  /// The rule of an action for a type of `self` (`typeCount`: no resource); none of an action that
  /// is unknown, -1. Of a type that is unknown, -1, any rule.
  @inlinable @inline(__always)
  public func rule(action: Int, type: Int) -> RuleRecord {
    let index = action &* (typeCount &+ 1) &+ type
    guard UInt(bitPattern: index) < UInt(bitPattern: count(of: .rules)) else {
      return RuleRecord()
    }
    return RuleRecord(word: load64(.rules, index))
  }

  @inlinable @inline(__always)
  public func caseRecord(_ index: Int) -> CaseRecord {
    CaseRecord(
      head: load64(.cases, index), alternatives: load32(.cases, index, 8),
      targetTypes: load64(.cases, index, 16))
  }

  /// First term and number of terms of an alternative.
  @inlinable @inline(__always)
  public func alternative(_ index: Int) -> (first: Int, count: Int) {
    let word = load64(.alternatives, index)
    return (Int(word & 0xffff_ffff), Int(word >> 32))
  }

  @inlinable @inline(__always)
  public func term(_ index: Int) -> TermRecord { TermRecord(word: load32(.terms, index)) }

  /// The cell of a permission on a type (`typeCount`: none, a switch), or -1.
  @inlinable @inline(__always)
  public func cell(permission: Int, type: Int) -> Int {
    let cell = load16(.cells, permission &* (typeCount &+ 1) &+ type)
    return cell == SnapshotFormat.none16 ? -1 : Int(cell)
  }

  // MARK: Names for people

  public func typeName(_ type: Int) -> ByteView { text(.types, type) }
  public func typeDisplay(_ type: Int) -> ByteView { text(.types, type, 8) }
  public func typePlural(_ type: Int) -> ByteView { text(.types, type, 16) }
  public func permissionName(_ permission: Int) -> ByteView {
    text(.permissions, permission)
  }
  public func permissionDisplay(_ permission: Int) -> ByteView {
    text(.permissions, permission, 8)
  }
  /// Whether the permission is a switch, which has no instances.
  public func isSwitch(_ permission: Int) -> Bool {
    load32(.permissions, permission, 16)
      == UInt32(AccessModel.Permission.Kind.switch.rawValue)
  }
  /// Whether the permission is a right to view payload data.
  public func isPII(_ permission: Int) -> Bool {
    load32(.permissions, permission, 16) == UInt32(AccessModel.Permission.Kind.pii.rawValue)
  }
  public func relationName(_ relation: Int) -> ByteView { text(.relations, relation) }
  public func actionName(_ action: Int) -> ByteView { text(.actions, action) }
  /// The type that a relation leads to.
  @inlinable @inline(__always)
  public func relationTarget(_ relation: Int) -> Int {
    Int((load64(.relations, relation, 8) >> 8) & 0xff)
  }
}
