/// The one table of options, in three parts: of the server, of a listener with a name, and of what
/// listeners demand, which can be said for all of them and for each.
///
/// A new option is a field and a row here; flag, environment variable, file key, help and
/// docs/configuration.md (`make configuration`) follow from the row.
extension Settings {
  public static let options =
    own + FollowingSettings.options.map { $0.lifted(to: \Settings.following) }
    + ListenerAccess.options.map { $0.lifted(to: \Settings.access) }
    + GatewaySettings.options.map { $0.lifted(to: \Settings.gateway) }
    + LogSettings.options.map { $0.lifted(to: \Settings.log) }

  private static let own: [SettingsOption<Settings>] = [
    SettingsOption(
      "config", "file", \.config,
      "A file of settings, YAML or JSON. Flags and the environment go before it."),
    SettingsOption("control", "dir", \.control, "A control directory to follow."),
    SettingsOption(
      "policy", "path", list: \.policy,
      "Policy documents to compile and follow: a file or a directory."),
    SettingsOption(
      "models", "dir", \.models,
      "A directory of access models to use instead of those that ship."),
    SettingsOption(
      "routes", "file", list: \.routes,
      "For gateways: a route table instead of those that ship, one for each access model."),
    SettingsOption(
      "listen", "address", list: \.listen,
      "Where to listen: HOST:PORT, or unix:PATH.",
      default: "127.0.0.1:7070 if no listener is given at all"),
    SettingsOption(
      "unix", "path", list: \.unix, "A Unix socket to listen on, for this user alone."),
    SettingsOption(
      "inspect-on", "address", list: \.inspectOn,
      """
      Where the inspection service answers, which tells who may do what and why: an address that \
      is listened on, or `none` alone. A listener's own `inspection` goes before it.
      """, default: "every Unix socket, and nothing else"),
    SettingsOption(
      "admin", "address", \.admin,
      """
      Where metrics, health and information are served by HTTP/1.1: an IP address with a port, \
      unix:PATH, or `none`. Whoever can connect may read them.
      """, default: "127.0.0.1:7071 if no listener is given at all, otherwise none"),
    SettingsOption(
      "max-connections", "n", \.connectionCountMax,
      """
      Connections at the same time. For one more, one that has had no call for long is ended; where \
      all have calls, the new one is closed.
      """, check: within(1...Settings.connectionCountBound)),
    SettingsOption(
      "max-connection-idle", "span", \.connectionIdleMax,
      "How long a connection may have no call before it is ended in good order.",
      default: "for ever"),
    SettingsOption(
      "max-connection-age", "span", \.connectionAgeMax,
      """
      How old a connection may get, give or take a tenth, before it is ended in good order: for \
      clients behind a balancer that spreads connections.
      """, default: "any age"),
    SettingsOption(
      "loops", "n", \.loops, "Event loops, each with a thread.",
      default: "one for each processor", check: within(1...Settings.loopCountMax)),
    SettingsOption(
      "drain-timeout", "seconds", \.drainTimeoutSeconds,
      "How long requests under way may take once the server is asked to end.",
      check: within(0...Settings.drainSecondsMax)),
    SettingsOption(
      "log-level", "level", \.logLevel,
      """
      The least level that is logged: trace, debug, info, notice, warning, error or critical.
      """),
  ]
}

extension NamedListener {
  /// The options of each listener, `listeners.NAME.OPTION`.
  public static let options =
    own
    + ListenerAccess.options.map {
      $0.lifted(to: \NamedListener.access, default: "as for all listeners")
    }

  private static let own: [SettingsOption<NamedListener>] = [
    SettingsOption(
      "address", "address", \.address, "Where it listens: HOST:PORT, or unix:PATH. Required."),
    SettingsOption(
      "inspection", "on|off", \.inspection,
      "Whether it serves inspections, which tell who may do what and why.",
      default: "as `inspect-on` says"),
    SettingsOption(
      "tls", "on|off", \.tls, "Whether it speaks TLS.",
      default: "where it is on TCP and there is a certificate"),
    SettingsOption(
      "forward-auth", "on|off", \.forwardAuth,
      """
      Whether gateways ask there in HTTP/1.1, as at an address of `--forward-auth`, and nobody in \
      gRPC.
      """, default: "off"),
    SettingsOption(
      "identity", "source", list: \.identity,
      """
      Where the requests of gateways that ask there say who is calling, in this order, instead of \
      `--identity`. How each source is read stands above, once for all listeners.
      """, default: "as `--identity` says"),
  ]
}

extension ListenerAccess {
  static let options: [SettingsOption<ListenerAccess>] = [
    SettingsOption(
      "tls-certificate", "file", \.tlsCertificate,
      """
      Speak TLS on TCP, with this certificate and those that lead to its authority, in PEM form. \
      Read again when it changes, and on SIGHUP.
      """),
    SettingsOption(
      "tls-key", "file", \.tlsKey,
      "The key of the certificate, in PEM form without a passphrase."),
    SettingsOption(
      "tls-client-ca", "file", \.tlsClientAuthorities,
      "Ask clients for certificates, and let in those of these authorities.",
      default: "clients aren't asked"),
    SettingsOption(
      "tls-client-optional", "", \.tlsClientOptional,
      "Let in clients without a certificate too; they are anonymous.", default: "off"),
    SettingsOption(
      "allow-plaintext", "", \.allowPlaintext,
      "Speak plaintext on addresses that other machines can reach.", default: "off"),
    SettingsOption(
      "reflection", "", \.reflection, "Tell about the API by gRPC's reflection.",
      default: "where only this machine can connect"),
    SettingsOption(
      "unix-mode", "mode", \.unixMode, "Mode of Unix sockets, in octal.", default: "0600"),
    SettingsOption(
      "unix-owner", "owner", \.unixOwner,
      "Whom Unix sockets belong to: USER, USER:GROUP or :GROUP.",
      default: "who runs the server"),
    SettingsOption(
      "allow-caller", "caller", list: \.allowCaller,
      """
      Somebody who may call: uid:NUMBER, uri:NAME, dns:NAME or subject:NAME, for one service with \
      decision=, inspection=, gateway= or reflection= in front. Whoever is on no list may only \
      check health.
      """, default: "everybody who can connect"),
  ]
}
