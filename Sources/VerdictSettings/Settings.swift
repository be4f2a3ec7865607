public import VerdictSystem

/// How the sidecar runs, as its operator wants it. `Settings.options` has a row for each field.
public struct Settings: Sendable, Equatable {
  public var config: String?
  public var control: String?
  public var policy: [String] = []
  public var models: String?
  public var listen: [SocketAddress] = []
  public var unix: [UnixPath] = []
  public var inspectOn: [OptionalAddress] = []
  public var loops = Thread.processorCount
  public var drainTimeoutSeconds = 10
  public var logLevel = LogLevel.info
  /// By name. `ListenerSettings.options` has a row for each field.
  public var listeners: [String: ListenerSettings] = [:]

  public init() {}

  public static let loopCountMax = 1_024
  public static let drainSecondsMax = 86_400
}

/// A listener with a name.
public struct ListenerSettings: Sendable, Equatable {
  public var address: SocketAddress?
  public var inspection: Bool?

  public init() {}

  /// Longest name; it becomes a part of names in environment and log.
  static let nameByteCountMax = 32

  /// What is wrong with a listener's name, or nil.
  static func fault(ofName name: String) -> String? {
    let isWord = name.utf8.allSatisfy {
      (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0)
        || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || $0 == UInt8(ascii: "-")
    }
    guard isWord, (1...nameByteCountMax).contains(name.utf8.count) else {
      return "`\(name)` is no name of a listener, expected 1 to \(nameByteCountMax) characters of "
        + "a-z, 0-9 and -"
    }
    return nil
  }
}
