internal import ArgumentParser
internal import VerdictServer
internal import VerdictSystem

/// What `serve` demands of those who connect: TLS for TCP listeners, modes of Unix sockets, lists
/// of callers.
struct ListenerOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      Speak TLS on every TCP listener, with this certificate and those that lead to its \
      authority, in PEM form. Read again when it changes, and on SIGHUP.
      """, valueName: "file"))
  var tlsCertificate: String?

  @Option(
    help: ArgumentHelp(
      "The key of --tls-certificate, in PEM form without a passphrase.", valueName: "file"))
  var tlsKey: String?

  @Option(
    help: ArgumentHelp(
      """
      Ask clients for certificates, and let in those of these authorities. Without it clients \
      aren't asked.
      """, valueName: "file"))
  var tlsClientCa: String?

  @Flag(help: "Let in clients without a certificate too; they are anonymous.")
  var tlsClientOptional = false

  @Flag(help: "Speak plaintext on addresses that other machines can reach.")
  var allowPlaintext = false

  @Option(
    help: ArgumentHelp("Mode of Unix sockets, in octal; 0600 if not given.", valueName: "mode"),
    transform: ListenerOptions.mode)
  var unixMode: UInt32 = 0o600

  @Option(
    help: ArgumentHelp(
      "Whom Unix sockets belong to: USER, USER:GROUP or :GROUP.", valueName: "owner"),
    transform: ListenerOptions.owner)
  var unixOwner: SocketOwner?

  @Option(
    help: ArgumentHelp(
      """
      Somebody who may call: uid:NUMBER, uri:NAME, dns:NAME or subject:NAME, for one service with \
      decision= or inspection= in front. May be given several times; whoever is on no list may \
      only check health. Everybody who can connect, if not given.
      """, valueName: "caller"))
  var allowCaller: [String] = []

  func validate() throws {
    if (tlsCertificate == nil) != (tlsKey == nil) {
      throw ValidationError("--tls-certificate and --tls-key go together.")
    }
    if tlsCertificate == nil && tlsClientCa != nil {
      throw ValidationError("--tls-client-ca goes with --tls-certificate.")
    }
    if tlsClientCa == nil && tlsClientOptional {
      throw ValidationError("--tls-client-optional goes with --tls-client-ca.")
    }
    if [tlsCertificate, tlsKey, tlsClientCa].contains("") {
      throw ValidationError("A path is not empty.")
    }
    _ = try callers()
  }

  /// What is asked for, for one address.
  func settings(
    _ address: SocketAddress, passed: ListeningSocket? = nil, servesInspection: Bool
  ) throws(ValidationError) -> ListenerSettings {
    var settings = ListenerSettings(address)
    settings.passed = passed
    settings.servesInspection = servesInspection
    settings.allowsPlaintext = allowPlaintext
    settings.socketMode = unixMode
    settings.socketOwner = unixOwner
    settings.callers = try callers()
    if case .tcp = address, let tlsCertificate, let tlsKey {
      var files = TLSFiles(
        certificatePath: tlsCertificate, keyPath: tlsKey, clientAuthoritiesPath: tlsClientCa)
      files.requiresClientCertificate = !tlsClientOptional
      settings.tls = files
    }
    return settings
  }

  private func callers() throws(ValidationError) -> CallerRules? {
    if allowCaller.isEmpty { return nil }
    var rules = CallerRules()
    do throws(CallerRules.ParseError) {
      for text in allowCaller { try rules.add(parsing: text) }
    } catch {
      throw ValidationError("--allow-caller \(error.description).")
    }
    return rules
  }

  private static func mode(_ text: String) throws(ValidationError) -> UInt32 {
    guard let mode = UInt32(text, radix: 8), mode <= 0o777 else {
      throw ValidationError("`\(text)`: expected a mode in octal, from 0 to 0777.")
    }
    return mode
  }

  private static func owner(_ text: String) throws(ValidationError) -> SocketOwner {
    do throws(SocketOwner.ParseError) {
      return try SocketOwner(parsing: text)
    } catch {
      throw ValidationError(error.description)
    }
  }
}
