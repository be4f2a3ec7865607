internal import Logging
internal import VerdictControl
internal import VerdictGateway
internal import VerdictServer

/// What `verdict serve` is to gateways.
extension Sidecar {
  struct Gateways {
    let routes: RouteTables
    var identity: IdentityConfiguration
    /// Where the keys of JWTs are, and which of those are believed; nil: none are.
    let tokenKeysPath: String?
    let tokenRules: TokenRules?
    /// Empty: nobody is answered in HTTP/1.1.
    let forwardAuth: [ForwardAuthSettings]
  }

  /// Reads the keys of JWTs, where any are believed, and has `gateways` trust them.
  static func readTokenKeys(
    _ gateways: inout Gateways, _ logger: Logger
  ) throws(ServerError) -> TokenKeyFile? {
    guard let path = gateways.tokenKeysPath, let rules = gateways.tokenRules else { return nil }
    let file = try TokenKeyFile(path)
    gateways.identity.tokenTrust = TokenTrust(rules: rules, keys: file.store)
    try file.follow { incident in
      switch incident {
      case .loaded(let count):
        logger.notice(
          "keys of JWTs loaded", metadata: ["file": "\(path)", "keys": .stringConvertible(count)])
      case .refused(let reason):
        logger.error(
          "keys of JWTs refused; those before stay in use", metadata: ["error": "\(reason)"])
      }
    }
    return file
  }

  /// Answers those that ask in HTTP/1.1, where they are to be.
  static func listenForGateways(
    _ gateways: Gateways, _ publication: Publication, _ configuration: ServerConfiguration,
    _ state: ServiceState, _ logger: Logger
  ) throws(ServerError) -> ForwardAuthServer? {
    if !gateways.identity.headerName.isEmpty {
      logger.warning(
        "a header names who is calling; the gateway has to strip it from what clients send",
        metadata: ["header": "\(gateways.identity.headerName)"])
    }
    if gateways.forwardAuth.isEmpty { return nil }
    // The slot behind those of loops and workers.
    let server = try ForwardAuthServer(
      gateways.forwardAuth, publication: publication, slot: configuration.slotCount,
      log: configuration.log
    ) {
      Services(state, isOnWorker: true)
    }
    for address in server.addresses {
      logger.info("forward auth", metadata: ["at": "\(address)"])
    }
    return server
  }
}
