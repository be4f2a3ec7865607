public import VerdictLog
internal import VerdictRPC

extension LogVocabulary {
  /// Of this server: the methods that decide.
  public static let verdict = LogVocabulary(
    methods: [
      .init(number: Method.authorize.rawValue, name: "Authorize", group: 0),
      .init(number: Method.checkVisibility.rawValue, name: "CheckVisibility", group: 1),
      .init(number: Method.externalAuthorization.rawValue, name: "Check", group: 2),
    ], groups: ["Authorize", "CheckVisibility", "Check"])
}
