public import VerdictModel

/// What the engine answers: small, and without any reference into the snapshot's memory.
public struct Decision: Equatable {
  /// Raw value of the reason (bits 0-7), permission (8-15), operand (16-23) and slot (32-63): one
  /// word, which goes through one register.
  @usableFromInline let word: UInt64

  /// Which operand a decision names.
  public enum Operand: UInt8, Sendable {
    case none = 0
    case `self` = 1
    case target = 2
    case related = 3
  }

  @inlinable public static var none: UInt8 { UInt8.max }

  @inlinable @inline(__always)
  public init(
    _ reason: Reason, permission: UInt8 = Decision.none, operand: Operand = .none,
    relatedSlot: UInt32 = 0
  ) {
    word =
      UInt64(reason.rawValue) | UInt64(permission) << 8 | UInt64(operand.rawValue) << 16
      | UInt64(relatedSlot) << 32
  }

  /// The reason's wire value.
  @inlinable @inline(__always)
  public var reasonByte: UInt8 { UInt8(truncatingIfNeeded: word) }
  public var reason: Reason { Reason(rawValue: reasonByte) ?? .internal }
  /// Number of the first missing term's permission, or `Decision.none`.
  @inlinable @inline(__always)
  public var permission: UInt8 { UInt8(truncatingIfNeeded: word >> 8) }
  public var operand: Operand { Operand(rawValue: operandByte) ?? .none }
  /// The operand's number, below 4.
  @inlinable @inline(__always)
  public var operandByte: UInt8 { UInt8(truncatingIfNeeded: word >> 16) & 3 }
  /// Of a related operand: its slot among the snapshot's resources.
  @inlinable
  public var relatedSlot: UInt32 { UInt32(truncatingIfNeeded: word >> 32) }

  public var effect: Effect { reason.effect }
  /// The wire value of the effect.
  @inlinable @inline(__always)
  public var effectByte: UInt8 { Reason.effectByte(reasonByte) }
  @inlinable @inline(__always)
  public var isAllow: Bool { effectByte == Effect.allow.rawValue }
}
