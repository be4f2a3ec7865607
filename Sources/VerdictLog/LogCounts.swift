internal import VerdictModel

/// Requests by method and status, and their checks by group of methods and reason.
///
/// ```
/// requests   32 methods x 17 statuses
/// checks      4 groups x 96 reasons; reason 0: a pair of a page whose cells differ
/// ```
public struct LogCounts: Sendable, Equatable {
  static let methodCountMax = 32
  static let statusCount = LogWords.statusNames.count
  static let groupCountMax = 4
  static let reasonCountMax = 96
  static let wordCount = methodCountMax * statusCount + groupCountMax * reasonCountMax

  var words = [UInt64](repeating: 0, count: LogCounts.wordCount)

  public init() {}

  /// - Precondition: both are below the table's bounds.
  @inline(__always)
  static func request(method: UInt8, status: UInt8) -> Int {
    precondition(Int(method) < methodCountMax && Int(status) < statusCount, "no such counter")
    return Int(method) &* statusCount &+ Int(status)
  }

  /// - Precondition: both are below the table's bounds.
  @inline(__always)
  static func checks(group: UInt8, reason: UInt8) -> Int {
    precondition(Int(group) < groupCountMax && Int(reason) < reasonCountMax, "no such counter")
    return methodCountMax &* statusCount &+ Int(group) &* reasonCountMax &+ Int(reason)
  }

  public mutating func add(_ count: UInt64, method: UInt8, status: UInt8) {
    words[LogCounts.request(method: method, status: status)] &+= count
  }

  public mutating func add(_ count: UInt64, group: UInt8, reason: UInt8) {
    words[LogCounts.checks(group: group, reason: reason)] &+= count
  }

  public static func += (a: inout LogCounts, b: LogCounts) {
    for index in 0..<wordCount { a.words[index] &+= b.words[index] }
  }

  public static func - (a: LogCounts, b: LogCounts) -> LogCounts {
    var result = a
    for index in 0..<wordCount { result.words[index] &-= b.words[index] }
    return result
  }

  public var isZero: Bool { words.allSatisfy { $0 == 0 } }

  /// All requests.
  public var requestCount: UInt64 {
    words[..<(LogCounts.methodCountMax * LogCounts.statusCount)].reduce(0, &+)
  }

  /// Every method with every status, zeros too, as `METHOD STATUS`.
  public func requests(_ vocabulary: LogVocabulary) -> [(name: String, count: UInt64)] {
    vocabulary.methods.flatMap { method in
      LogWords.statusNames.enumerated().map { status, name in
        let index = LogCounts.request(method: method.number, status: UInt8(status))
        return ("\(method.name) \(name)", words[index])
      }
    }
  }

  /// Every group with every reason, zeros too, as `GROUP REASON`.
  public func checks(_ vocabulary: LogVocabulary) -> [(name: String, count: UInt64)] {
    vocabulary.groups.enumerated().flatMap { group, groupName in
      LogWords.reasonNames.enumerated().compactMap { reason, name in
        let index = LogCounts.checks(group: UInt8(group), reason: UInt8(reason))
        return name.isEmpty ? nil : ("\(groupName) \(name)", words[index])
      }
    }
  }

  /// Two members of an object: `requests` and `checks`, each without what is zero.
  func json(_ vocabulary: LogVocabulary) -> [JSONValue.Member] {
    let requests = vocabulary.methods.compactMap { method in
      JSONValue.Member(
        method.name,
        LogWords.statusNames.enumerated().compactMap { status, name in
          member(name, LogCounts.request(method: method.number, status: UInt8(status)))
        })
    }
    let checks = vocabulary.groups.enumerated().compactMap { group, name in
      JSONValue.Member(
        name,
        LogWords.reasonNames.enumerated().compactMap { reason, name in
          name.isEmpty
            ? nil : member(name, LogCounts.checks(group: UInt8(group), reason: UInt8(reason)))
        })
    }
    return [.init("requests", .object(requests)), .init("checks", .object(checks))]
  }

  private func member(_ name: String, _ index: Int) -> JSONValue.Member? {
    words[index] == 0 ? nil : .init(name, .number(Int64(clamping: words[index])))
  }
}

extension JSONValue.Member {
  /// nil where there are no members.
  fileprivate init?(_ name: String, _ members: [JSONValue.Member]) {
    if members.isEmpty { return nil }
    self.init(name, .object(members))
  }
}
