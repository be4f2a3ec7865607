internal import Logging
internal import VerdictModel
internal import VerdictServer
internal import VerdictSystem

/// What the log says of listeners.
extension Sidecar {
  static func facts(about listener: ListenerSettings, _ address: SocketAddress) -> Logger.Metadata {
    var facts: Logger.Metadata = [
      "address": "\(address)", "inspection": listener.servesInspection ? "on" : "off",
    ]
    if case .tcp = address {
      facts["tls"] = listener.tls.map(describe) ?? "off"
    } else {
      facts["mode"] = "0\(String(listener.socketMode, radix: 8))"
    }
    if let callers = listener.callers { facts["callers"] = "\(callers.rules.count) on the list" }
    return facts
  }

  private static func describe(_ files: TLSFiles) -> Logger.MetadataValue {
    guard files.clientAuthoritiesPath != nil else { return "on" }
    return files.requiresClientCertificate
      ? "on, clients show certificates" : "on, clients may show certificates"
  }

  /// Tells what happened at a listener.
  static func tell(_ incident: ServerIncident, _ logger: Logger) {
    switch incident {
    case .certificateLoaded(let address, let path, let endSeconds):
      let isOver = endSeconds * 1_000_000_000 < SystemClock.realNanoseconds()
      logger.log(
        level: isOver ? .warning : .notice,
        isOver ? "certificate loaded, but its time is over" : "certificate loaded",
        metadata: [
          "address": "\(address)", "certificate": "\(path)",
          "ends": "\(LogTime.text(realNanoseconds: endSeconds * 1_000_000_000))",
        ])
    case .certificateRefused(let address, let reason):
      logger.error(
        "certificate refused; the one before stays in use",
        metadata: ["address": "\(address)", "error": "\(reason)"])
    case .handshakesFailed(let address, let reason, let count):
      logger.warning(
        "connections failed under TLS",
        metadata: [
          "address": "\(address)", "reason": "\(reason)", "count": .stringConvertible(count),
        ])
    case .callsRefused(let address, let caller, let service, let count):
      logger.warning(
        "callers refused",
        metadata: [
          "address": "\(address)", "caller": "\(caller)", "service": "\(service)",
          "connections": .stringConvertible(count),
        ])
    case .more(let count):
      logger.warning(
        "more incidents at the listeners", metadata: ["count": .stringConvertible(count)])
    }
  }
}
