internal import VerdictModel

/// What the log calls methods, statuses and reasons.
public struct LogVocabulary: Sendable {
  /// A method whose requests have records.
  public struct Entry: Sendable {
    public let number: UInt8
    public let name: String
    /// The place in `groups` of those methods whose checks are counted together.
    public let group: UInt8

    public init(number: UInt8, name: String, group: UInt8) {
      precondition(Int(number) < LogCounts.methodCountMax, "a number of a method")
      self.number = number
      self.name = name
      self.group = group
    }
  }

  public let methods: [Entry]
  public let groups: [String]

  public init(methods: [Entry], groups: [String]) {
    precondition(groups.count <= LogCounts.groupCountMax, "a few groups")
    precondition(methods.allSatisfy { Int($0.group) < groups.count }, "a group for each method")
    self.methods = methods
    self.groups = groups
  }

  func method(_ number: UInt8) -> Entry? { methods.first { $0.number == number } }

  func method(named name: String) -> Entry? { methods.first { $0.name == name } }
}

/// Names by number.
public enum LogWords {
  /// Of statuses, as gRPC spells them.
  public static let statusNames = [
    "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND",
    "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED",
    "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED",
  ]

  /// The reason of a pair of a page whose cells differ, or are visible.
  public static let mixed = "mixed"

  /// Of reasons; empty where there is none with the number.
  static let reasonNames: [String] = (0..<LogCounts.reasonCountMax).map { number in
    number == 0 ? mixed : Reason(rawValue: UInt8(number))?.name ?? ""
  }

  static func effectName(_ reason: UInt8) -> String {
    reason == 0 ? mixed : Effect(rawValue: Reason.effectByte(reason))?.name ?? ""
  }
}
