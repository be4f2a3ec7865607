public import VerdictSystem

/// How the sidecar runs, as its operator wants it. `Settings.options` has a row for each field.
public struct Settings: Sendable, Equatable {
  public var config: String?
  public var control: String?
  public var following = FollowingSettings()
  public var policy: [String] = []
  public var models: String?
  public var routes: [String] = []
  public var gateway = GatewaySettings()
  public var listen: [SocketAddress] = []
  public var unix: [UnixPath] = []
  public var inspectOn: [OptionalAddress] = []
  /// What holds for every listener that doesn't say otherwise itself.
  public var access = ListenerAccess()
  public var admin: OptionalAddress?
  public var connectionCountMax = 16_384
  public var connectionIdleMax: TimeSpan?
  public var connectionAgeMax: TimeSpan?
  public var loops = Thread.processorCount
  public var drainTimeoutSeconds = 10
  public var logLevel = LogLevel.info
  public var log = LogSettings()
  /// By name. `NamedListener.options` has a row for each field.
  public var listeners: [String: NamedListener] = [:]

  public init() {}

  public static let loopCountMax = 1_024
  public static let drainSecondsMax = 86_400
  public static let connectionCountBound = 1_000_000
}

/// A listener with a name.
public struct NamedListener: Sendable, Equatable {
  public var address: SocketAddress?
  public var inspection: Bool?
  public var tls: Bool?
  /// Whether gateways ask there in HTTP/1.1, and nobody in gRPC.
  public var forwardAuth: Bool?
  /// Empty: the server's.
  public var identity: [GatewaySettings.Source] = []
  public var access = ListenerAccess()

  public init() {}

  /// What it demands, where `other` is for all that don't say otherwise.
  func access(or other: ListenerAccess) -> ListenerAccess {
    var all = access.or(other)
    if tls == false { all.removeTLS() }
    return all
  }

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

/// What a listener demands of those who connect. `ListenerAccess.options` has a row for each field.
public struct ListenerAccess: Sendable, Equatable {
  public var tlsCertificate: String?
  public var tlsKey: String?
  public var tlsClientAuthorities: String?
  public var tlsClientOptional: Bool?
  public var allowPlaintext: Bool?
  public var reflection: Bool?
  public var unixMode: SocketMode?
  public var unixOwner: OwnerName?
  public var allowCaller: [String] = []

  public init() {}

  /// The same, and where it says nothing what `other` says.
  func or(_ other: ListenerAccess) -> ListenerAccess {
    var all = self
    // Certificate and key are one thing: never one of each.
    if tlsCertificate == nil && tlsKey == nil {
      all.tlsCertificate = other.tlsCertificate
      all.tlsKey = other.tlsKey
    }
    all.tlsClientAuthorities = tlsClientAuthorities ?? other.tlsClientAuthorities
    all.tlsClientOptional = tlsClientOptional ?? other.tlsClientOptional
    all.allowPlaintext = allowPlaintext ?? other.allowPlaintext
    all.reflection = reflection ?? other.reflection
    all.unixMode = unixMode ?? other.unixMode
    all.unixOwner = unixOwner ?? other.unixOwner
    if allowCaller.isEmpty { all.allowCaller = other.allowCaller }
    return all
  }

  mutating func removeTLS() {
    tlsCertificate = nil
    tlsKey = nil
    tlsClientAuthorities = nil
    tlsClientOptional = nil
  }

  /// What does not fit together.
  var fault: String? {
    if (tlsCertificate == nil) != (tlsKey == nil) {
      return "--tls-certificate and --tls-key go together"
    }
    if tlsCertificate == nil && tlsClientAuthorities != nil {
      return "--tls-client-ca goes with --tls-certificate"
    }
    if tlsClientAuthorities == nil && tlsClientOptional == true {
      return "--tls-client-optional goes with --tls-client-ca"
    }
    return nil
  }
}
