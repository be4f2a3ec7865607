public import VerdictModel

/// What the engine answers: small, and without any reference into the snapshot's memory.
public struct Decision: Equatable {
  public let reason: Reason
  /// Number of the first missing term's permission, or `Decision.none`.
  public let permission: UInt8
  public let operand: Operand
  /// Of a related operand: its slot among the snapshot's resources.
  public let relatedSlot: UInt32

  /// Which operand a decision names.
  public enum Operand: UInt8, Sendable {
    case none = 0
    case `self` = 1
    case target = 2
    case related = 3
  }

  @inlinable public static var none: UInt8 { UInt8.max }

  @inlinable
  public init(
    _ reason: Reason, permission: UInt8 = Decision.none, operand: Operand = .none,
    relatedSlot: UInt32 = 0
  ) {
    self.reason = reason
    self.permission = permission
    self.operand = operand
    self.relatedSlot = relatedSlot
  }

  @inlinable
  public var effect: Effect { reason.effect }
}
