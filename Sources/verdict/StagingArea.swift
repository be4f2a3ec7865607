internal import Logging
internal import VerdictControl
internal import VerdictGateway
internal import VerdictServer
internal import VerdictSystem

/// The staged set of a control directory, followed beside the one in force, and the shadow that
/// compares live requests with it. Whatever is wrong with it is told and changes no answer.
final class StagingArea: Sendable {
  let shadow: Shadow
  private let source: SetSource

  /// nil: nobody has asked for it.
  init?(
    _ policies: Sidecar.Policies, _ activation: Activation, _ identity: IdentityConfiguration,
    _ logger: Logger
  ) throws(SystemError) {
    guard case .control(let directory, let settings, _, let perMillion?) = policies else {
      return nil
    }
    let board = PolicyBoard()
    let shadow = try Shadow(perMillion: perMillion, identity: identity, board: board)
    self.shadow = shadow
    var staged = ControlSettings()
    staged.trust = settings.trust
    staged.ownership = settings.ownership
    staged.channel = .staged
    staged.live = { activation.current }
    source = try SetSource(
      control: ControlDirectory(path: directory), staged, FreshnessLimits(), board: board,
      StagingArea.hooks(shadow, activation, logger))
  }

  private static func hooks(
    _ shadow: Shadow, _ activation: Activation, _ logger: Logger
  ) -> SetSource.Hooks {
    SetSource.Hooks(
      activate: { set, _ in
        shadow.follow(staged: activation.served(set))
        var facts: Logger.Metadata = ["set": .stringConvertible(set.setNumber)]
        if let digest = set.digest { facts["digest"] = "\(digest)" }
        if !set.author.isEmpty { facts["who"] = "\(set.author)" }
        if !set.message.isEmpty { facts["why"] = "\(set.message)" }
        logger.info("live requests are compared with the staged policies", metadata: facts)
      },
      rejected: { error in
        if error.code == .absent {
          shadow.follow(staged: nil)
          logger.info("nothing is staged")
          return
        }
        logger.warning(
          "staged policies refused; nothing that is in force changes",
          metadata: ["error": "\(error)", "cause": "\(error.code.rawValue)"])
      },
      close: {})
  }

  /// Starts to follow and to compare. Once only.
  func start() throws(SystemError) {
    try shadow.start()
    try source.start()
  }

  /// Looks for newly staged policies soon.
  func lookSoon() { source.lookSoon {} }

  func stop() {
    source.stop()
    shadow.stop()
  }
}
