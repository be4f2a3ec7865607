import Testing
import VerdictPolicy
import VerdictSystem
import VerdictTestKit

@testable import VerdictSettings

/// A value for each option that is not its default, as texts. An option without one fails the
/// test that asks for all of them.
private let samples: [String: [String]] = [
  "config": ["FILE"], "control": ["/var/lib/verdict"], "policy": ["a.yaml", "b: c.yaml"],
  "models": ["/models"], "listen": ["127.0.0.1:1", "[::1]:0"], "unix": ["/run/v.sock", "s"],
  "inspect-on": ["unix:s", "127.0.0.1:1"], "admin": ["unix:/run/a.sock"],
  "max-connections": ["9"], "max-connection-idle": ["5m"], "max-connection-age": ["1h"],
  "loops": ["3"], "drain-timeout": ["7"],
  "log-level": ["debug"], "routes": ["r.yaml"], "identity": ["peer", "header", "jwt"],
  "claims": ["a/b"], "claims-principal": ["p"], "claims-organization": ["o"],
  "claims-workspace": ["w"], "peer-prefix": ["x"], "trusted-header": ["x-user"],
  "forward-auth": ["127.0.0.1:7072", "unix:f"], "jwt-keys": ["k.json"], "jwt-issuer": ["i"],
  "jwt-audience": ["a", "b"], "jwt-algorithm": ["PS256", "ES512"], "jwt-leeway": ["0"],
  "trusted-header-is-stripped": ["on"],
]

/// Options that go with a control directory.
private let followingSamples: [String: [String]] = [
  "trust": ["a.pub", "b.pub"], "control-owner": ["7"], "state": ["/var/lib/verdict/state"],
  "accept-older": ["on"], "guard-checks": ["sample.jsonl"], "max-new-allows": ["0"],
  "max-new-denies": ["9"], "stale-after": ["12h"], "fail-closed-after": ["90d"],
  "shadow": ["0.5%"],
]

/// What an option of following needs beside it.
private let followingCompany: [String: [String: [String]]] = [
  "guard-checks": ["max-new-allows": ["1"]], "max-new-allows": ["guard-checks": ["s"]],
  "max-new-denies": ["guard-checks": ["s"]],
]

/// What an option of gateways needs beside it.
private let gatewayCompany: [String: [String: [String]]] = [
  "identity": [
    "peer-prefix": ["x"], "trusted-header": ["h"], "trusted-header-is-stripped": ["on"],
    "jwt-keys": ["k"], "jwt-issuer": ["i"], "jwt-audience": ["a"],
  ],
  "peer-prefix": ["identity": ["peer"]],
  "jwt-keys": ["identity": ["jwt"], "jwt-issuer": ["i"], "jwt-audience": ["a"]],
  "jwt-issuer": ["identity": ["jwt"], "jwt-keys": ["k"], "jwt-audience": ["a"]],
  "jwt-audience": ["identity": ["jwt"], "jwt-keys": ["k"], "jwt-issuer": ["i"]],
  "trusted-header": ["identity": ["header"], "trusted-header-is-stripped": ["on"]],
]

private let accessSamples: [String: [String]] = [
  "tls-certificate": ["/c.pem"], "tls-key": ["/k.pem"], "tls-client-ca": ["/ca.pem"],
  "tls-client-optional": ["on"], "allow-plaintext": ["on"], "reflection": ["off"],
  "unix-mode": ["0660"], "unix-owner": ["0:0"], "allow-caller": ["uid:7", "decision=dns:x"],
]

/// What an option of access needs beside it.
private let accessCompany: [String: [String: [String]]] = [
  "tls-certificate": ["tls-key": ["/k.pem"]], "tls-key": ["tls-certificate": ["/c.pem"]],
  "tls-client-ca": ["tls-key": ["/k.pem"], "tls-certificate": ["/c.pem"]],
  "tls-client-optional": [
    "tls-key": ["/k.pem"], "tls-certificate": ["/c.pem"], "tls-client-ca": ["/ca.pem"],
  ],
]

private let listenerSamples: [String: [String]] = [
  "address": ["unix:/run/main.sock"], "inspection": ["off"], "tls": ["off"],
  "forward-auth": ["on"], "identity": ["claims", "bearer"],
]

@Suite("settings")
struct SettingsTests {
  /// The settings that these texts give, each source by its own rules.
  static func settings(
    flags: SettingsFlags = SettingsFlags(), environment: [String: String] = [:],
    file: String? = nil
  ) throws -> ResolvedSettings {
    var flags = flags
    let directory = try TemporaryDirectory()
    if let file {
      let path = directory.path + "/v.yaml"
      try File.create(path, with: Array(file.utf8))
      flags.values["config"] = [path]
    }
    return try ResolvedSettings(flags: flags, environment: environment.map { ($0.key, $0.value) })
  }

  static func lines(
    flags: SettingsFlags = SettingsFlags(), environment: [String: String] = [:],
    file: String? = nil
  ) throws -> [String] {
    do {
      _ = try settings(flags: flags, environment: environment, file: file)
      return []
    } catch let error as SettingsError {
      return error.lines
    }
  }

  static func flags(_ values: [String: [String]], listeners: [String] = []) -> SettingsFlags {
    var flags = SettingsFlags()
    flags.values = values
    flags.listeners = listeners
    return flags
  }

  /// What an option needs beside it to make sense.
  static func company(of option: String) -> [String: [String]] {
    switch option {
    case "policy": [:]
    case "models": ["policy": ["x"]]
    case "control": [:]
    case "inspect-on": ["control": ["c"], "listen": ["127.0.0.1:1"], "unix": ["s"]]
    default:
      (accessCompany[option] ?? gatewayCompany[option] ?? followingCompany[option]
        ?? LogSamples.company[option] ?? [:])
        .merging(["control": ["c"]]) { $1 }
    }
  }

  @Test("an option means the same as a flag, in the environment and in the file")
  func agreement() throws {
    for option in Settings.options where option.name != "config" {
      let texts = try #require(
        samples[option.name] ?? accessSamples[option.name] ?? followingSamples[option.name]
          ?? LogSamples.texts[option.name],
        "a sample for \(option.name)")
      let company = Self.company(of: option.name)
      let asFlag = try Self.settings(
        flags: Self.flags(company.merging([option.name: texts]) { $1 })
      ).settings
      #expect(option.texts(asFlag) == texts)
      #expect(option.texts(asFlag) != option.texts(Settings()))

      let variable = [SettingsEnvironment.prefix + option.upperName: texts.joined(separator: ",")]
      #expect(
        try Self.settings(flags: Self.flags(company), environment: variable).settings == asFlag)

      let values = texts.map { "\"\($0)\"" }.joined(separator: ", ")
      let value = option.isList ? "[\(values)]" : values
      var inFile = try Self.settings(
        flags: Self.flags(company), file: "\(option.key): \(value)\n"
      ).settings
      #expect(inFile.config != nil)
      inFile.config = nil
      #expect(inFile == asFlag)
    }
  }

  @Test("an option of a listener means the same in all three")
  func listenerAgreement() throws {
    for option in NamedListener.options {
      let texts = try #require(
        listenerSamples[option.name] ?? accessSamples[option.name], "a sample for \(option.name)")
      let company = ["control": ["c"]]
      var beside = option.name == "address" ? [] : ["in-2.address=127.0.0.1:1"]
      // Certificate and key are one thing: a listener has both of its own, or neither.
      for (name, values) in accessCompany[option.name] ?? [:] {
        beside += values.map { "in-2.\(name)=\($0)" }
      }
      let given = texts.map { "in-2.\(option.name)=\($0)" }
      let asFlag = try Self.settings(flags: Self.flags(company, listeners: beside + given))
        .settings
      let listener = try #require(asFlag.listeners["in-2"])
      #expect(option.texts(listener) == texts)
      #expect(option.texts(listener) != option.texts(NamedListener()))

      let name = "VERDICT_LISTENERS_IN_2_\(option.upperName)"
      let inEnvironment = try Self.settings(
        flags: Self.flags(company, listeners: beside),
        environment: [name: texts.joined(separator: ",")])
      #expect(inEnvironment.settings == asFlag)
      #expect(inEnvironment.origin(option.name, listener: "in-2") == .environment(name: name))

      let values = texts.map { "\"\($0)\"" }.joined(separator: ", ")
      let value = option.isList ? "[\(values)]" : values
      var inFile = try Self.settings(
        flags: Self.flags(company, listeners: beside),
        file: "listeners:\n  in-2:\n    \(option.key): \(value)\n"
      ).settings
      inFile.config = nil
      #expect(inFile == asFlag)
    }
  }

  @Test("a flag goes before the environment, that before the file, that before the default")
  func precedence() throws {
    let flags = Self.flags(["control": ["c"], "loops": ["1"]])
    let environment = ["VERDICT_LOOPS": "2", "VERDICT_DRAIN_TIMEOUT": "2", "VERDICT_UNIX": "e"]
    let file = "loops: 3\ndrain_timeout: 3\nlog_level: debug\nunix: [f, g]\n"
    let resolved = try Self.settings(flags: flags, environment: environment, file: file)
    #expect(resolved.settings.loops == 1)
    #expect(resolved.origin("loops") == .flag(name: "loops"))
    #expect(resolved.settings.drainTimeoutSeconds == 2)
    #expect(resolved.origin("drain-timeout") == .environment(name: "VERDICT_DRAIN_TIMEOUT"))
    #expect(resolved.settings.logLevel == .debug)
    #expect(resolved.origin("log-level")?.description.hasSuffix("/v.yaml:3:1") == true)
    #expect(resolved.settings.unix == [UnixPath("e")])
    #expect(resolved.origin("inspect-on") == nil)
  }

  @Test("a file named in the environment is read; a flag names another")
  func file() throws {
    let directory = try TemporaryDirectory()
    try File.create(directory.path + "/a.yaml", with: Array("control: a\n".utf8))
    try File.create(directory.path + "/b.json", with: Array(#"{"control": "b"}"#.utf8))
    let environment = ["VERDICT_CONFIG": directory.path + "/a.yaml"]
    #expect(try Self.settings(environment: environment).settings.control == "a")
    let flags = Self.flags(["config": [directory.path + "/b.json"]])
    #expect(try Self.settings(flags: flags, environment: environment).settings.control == "b")
    #expect(
      try Self.lines(environment: ["VERDICT_CONFIG": "/no/such"]).first?.hasPrefix("/no/such: ")
        == true)
  }

  @Test(
    "what is wrong in a file is said with its place and what was meant",
    arguments: [
      ("lops: 2", "1:1: unknown key `lops` in the file, did you mean `loops`?"),
      ("loops: 0", "1:1: `0`: expected 1 to 1024"),
      ("loops: many", "1:1: `many`: expected a whole number"),
      ("loops: [1]\nloops: 2", "2:1: `loops` is written twice, first on line 1"),
      ("log_level: loud", "1:1: `loud`: expected one of trace, debug, info, notice"),
      ("config: x", "1:1: unknown key `config` in the file"),
      ("loops: {a: 1}", "1:9: `loops` is a mapping, expected a value"),
      ("loops: [1, 2]", "1:1: is a list, expected one value"),
      ("listeners: x", "1:1: expected a mapping of names, each with a mapping of options"),
      ("listeners: {A: {address: ':1'}}", "1:17: `A` is no name of a listener"),
      (
        "listeners: {a: {adress: ':1'}}",
        "1:17: unknown key `adress` in listeners.a, did you mean `address`?"
      ),
      ("listeners: {a: {address: 'x'}}", "1:17: `x`: expected HOST:PORT or unix:PATH"),
      ("- a", "1:1: the file is a list, expected a mapping"),
      ("control: ~", "1:10: null is not allowed"),
      ("control: ''", "1:1: ``: is empty or has a zero byte"),
    ])
  func mistakes(text: String, message: String) throws {
    let lines = try Self.lines(flags: Self.flags(["control": ["c"]]), file: text)
    #expect(lines.count == 1)
    #expect(lines.first?.contains("/v.yaml:" + message) == true, "\(lines)")
  }

  @Test("every mistake is told, wherever it is, and also where something goes before it")
  func mistakesOfAll() throws {
    let flags = Self.flags(["loops": ["2"]], listeners: ["a.adress=x", "b"])
    let lines = try Self.lines(
      flags: flags,
      environment: [
        "VERDICT_LOOPS": "no", "VERDICT_LOOP": "1", "OTHER": "x", "VERDICT_ADDRESS": "y",
      ],
      file: "loops: -1\nfoo: bar\n")
    #expect(lines.contains("VERDICT_LOOPS: `no`: expected a whole number"))
    #expect(
      lines.contains("VERDICT_LOOP: no option has this name, did you mean `VERDICT_LOOPS`?"))
    #expect(lines.contains("--listener `a.adress=x`: no such option, did you mean `address`?"))
    #expect(lines.contains("--listener `b`: expected NAME.OPTION=VALUE"))
    #expect(lines.contains { $0.hasSuffix("/v.yaml:1:1: `-1`: expected 1 to 1024") })
    #expect(lines.count == 6, "\(lines)")
  }

  @Test("variables that Kubernetes sets for a service are passed over, and no option is like one")
  func kubernetes() {
    for name in [
      "VERDICT_SERVICE_HOST", "VERDICT_SERVICE_PORT", "VERDICT_SERVICE_PORT_GRPC", "VERDICT_PORT",
      "VERDICT_PORT_7070_TCP", "VERDICT_PORT_7070_TCP_PROTO", "VERDICT_PORT_7070_TCP_PORT",
      "VERDICT_PORT_7070_TCP_ADDR", "VERDICT_EU_SERVICE_HOST", "VERDICT_EU_PORT_7070_UDP_ADDR",
    ] {
      #expect(SettingsEnvironment.isOfKubernetes(name), "\(name)")
    }
    for option in Settings.options {
      #expect(!SettingsEnvironment.isOfKubernetes("VERDICT_" + option.upperName))
    }
    for option in NamedListener.options {
      #expect(!SettingsEnvironment.isOfKubernetes("VERDICT_LISTENERS_A_" + option.upperName))
    }
  }

  @Test("what is printed is a file that gives the same settings", arguments: [true, false])
  func printed(isControlled: Bool) throws {
    var values = samples.merging(accessSamples) { $1 }
    values["config"] = nil
    if isControlled {
      values["policy"] = nil
      values["models"] = nil
      values.merge(followingSamples) { $1 }
    } else {
      values["control"] = nil
    }
    let resolved = try Self.settings(
      flags: Self.flags(
        values, listeners: ["in-2.address=127.0.0.1:5", "in-2.inspection=on", "b.address=:0"]))
    let again = try Self.settings(file: resolved.text)
    var settings = again.settings
    settings.config = nil
    #expect(settings == resolved.settings, "\(resolved.text)")
    #expect(resolved.text.contains("loops: 3  # --loops\n"))
    #expect(resolved.text.contains("    inspection: on  # --listener in-2.inspection\n"))
    #expect(try Self.settings(flags: Self.flags(["control": ["c"]])).text.contains("# default"))
  }

  @Test("options that go together are asked for together")
  func company() throws {
    func lines(_ values: [String: [String]]) throws -> [String] {
      try Self.lines(flags: Self.flags(values))
    }
    #expect(
      try lines(["policy": ["p"], "state": ["s"]])
        == ["--trust, --state and their like go with --control"])
    #expect(try lines(["policy": ["p"], "accept-older": ["off"]]).isEmpty)
    #expect(
      try lines(["control": ["c"], "max-new-denies": ["1"]])
        == ["--max-new-allows and --max-new-denies go with --guard-checks"])
    #expect(
      try lines(["control": ["c"], "guard-checks": ["s"]])
        == ["--guard-checks goes with --max-new-allows or --max-new-denies"])
    #expect(
      try lines(["control": ["c"], "stale-after": ["2m"], "fail-closed-after": ["90s"]])
        == ["--fail-closed-after is less than --stale-after, expected at least as long"])
    #expect(
      try lines(["control": ["c"], "stale-after": ["0s"]])
        == ["--stale-after: `0s`: expected a span of time: 90d, 12h, 30m or 45s"])
  }

  @Test("docs/configuration.md is what the table gives; otherwise run: make configuration")
  func page() throws {
    let path = Repository.path("docs/configuration.md")
    #expect(try File.read(path, byteCountMax: 1 << 20) == Array(SettingsPage.text.utf8))
  }

  @Test("names in the table are distinct words, and every line of help ends")
  func table() {
    let names = Settings.options.map(\.name)
    #expect(Set(names).count == names.count)
    for (name, help) in Settings.options.map({ ($0.name, $0.help) })
      + NamedListener.options.map({ ($0.name, $0.help) })
    {
      #expect(name.utf8.allSatisfy { (97...122).contains($0) || $0 == 45 }, "\(name)")
      #expect(help.hasSuffix("."), "\(name)")
      #expect(!help.contains("|") && !help.contains("\n"), "\(name)")
    }
  }
}
