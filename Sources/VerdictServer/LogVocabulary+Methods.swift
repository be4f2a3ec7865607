public import VerdictLog
internal import VerdictRPC

extension LogVocabulary {
  /// The number of no method: requests of gateways that speak HTTP/1.1.
  static let forwardAuth: UInt8 = 0

  /// Of this server: the methods that decide.
  public static let verdict = LogVocabulary(
    methods: [
      .init(number: Method.authorize.rawValue, name: "Authorize", group: 0),
      .init(number: Method.authorizeStream.rawValue, name: "AuthorizeStream", group: 0),
      .init(number: Method.checkVisibility.rawValue, name: "CheckVisibility", group: 1),
      .init(number: Method.externalAuthorization.rawValue, name: "Check", group: 2),
      .init(number: forwardAuth, name: "ForwardAuth", group: 3),
    ], groups: ["Authorize", "CheckVisibility", "Check", "ForwardAuth"])
}
