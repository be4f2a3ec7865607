internal import Logging
internal import VerdictControl
internal import VerdictGateway
internal import VerdictServer

/// What `verdict serve` is to gateways.
extension Sidecar {
  struct Gateways {
    let routes: RouteTables
    let identity: IdentityConfiguration
    /// nil: nobody is answered in HTTP/1.1.
    let forwardAuth: ForwardAuthSettings?
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
    guard let settings = gateways.forwardAuth else { return nil }
    // The slot behind those of loops and workers.
    let server = try ForwardAuthServer(
      settings, publication: publication, slot: configuration.slotCount
    ) {
      Services(state, isOnWorker: true)
    }
    for address in server.addresses {
      logger.info("forward auth", metadata: ["at": "\(address)"])
    }
    return server
  }
}
