internal import ArgumentParser
internal import VerdictControl
internal import VerdictCrypto
internal import VerdictSystem

struct KeygenCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "keygen", abstract: "Make a key that signs sets of policies.",
    discussion: """
      Writes the private key to NAME.key, for `publish --key`, and the public one to NAME.pub, for \
      `serve --trust`. A public key file may name organizations: the key may then change no others.
      """)

  @Option(
    name: .shortAndLong, help: ArgumentHelp("Where to, without an ending.", valueName: "name"))
  var output: String

  @Option(
    help: ArgumentHelp(
      "Limit the key to this organization. May be given several times.", valueName: "id"))
  var organization: [String] = []

  func validate() throws {
    if output.isEmpty || output.hasSuffix("/") {
      throw ValidationError("--output needs the name of a file.")
    }
  }

  func run() throws {
    let key = SigningKey()
    do {
      let text = try TrustedKey(
        key: key.verifyingKey,
        organizations: organization.isEmpty ? nil : Set(organization.map { Array($0.utf8) })
      ).text()
      // Never over a key that is there: sets may hang on it.
      try File.create(output + ".key", with: Array(key.pem.utf8), mode: 0o600)
      try File.create(output + ".pub", with: Array(text.utf8))
    } catch let error as ControlError {
      throw error.failure
    } catch let error as SystemError {
      throw CommandFailure(error.description)
    }
    try StandardStream.output.write(line: "key \(key.verifyingKey.id)")
  }
}

struct SignCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sign", abstract: "Sign what a control directory serves, whoever made it.",
    discussion: """
      Makes a new set with the content of the current one. Look at the content before: what is \
      signed is what the directory holds. `publish --key` signs what it has compiled itself.
      """)

  @OptionGroup var options: SetOptions

  @Option(help: ArgumentHelp("Why, for the history.", valueName: "text"))
  var message = ""

  @Flag(help: "Sign the staged set.")
  var staged = false

  func validate() throws {
    if options.signing.key == nil { throw ValidationError("Missing expected argument '--key'.") }
  }

  func run() throws {
    var terms = try options.terms(message: message)
    terms.channel = staged ? .staged : .current
    let published: PublishedSet
    do throws(ControlError) {
      published = try options.control.directory.refresh(terms, trustsContent: true)
    } catch {
      throw error.failure
    }
    try PublishedReport.tell(published, terms)
  }
}

struct VerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify", abstract: "Verify a control directory as a server would.",
    discussion: """
      Everything is read: digests, snapshots, and with --trust the signature, its channel and \
      times. Exit status 0: a server would take the set, whatever it had before; 1: it wouldn't, \
      and standard error says why.
      """)

  @OptionGroup var control: ControlOption

  @Option(
    help: ArgumentHelp(
      "A public key that may have signed. May be given several times.", valueName: "file"))
  var trust: [String] = []

  @Flag(help: "Verify the staged set.")
  var staged = false

  func run() throws {
    let set: LoadedSet
    do throws(ControlError) {
      var rules = AcceptanceRules()
      if !trust.isEmpty { rules.trust = try TrustedKeys(files: trust) }
      rules.channel = staged ? .staged : .current
      rules.nowSeconds = SystemClock.realNanoseconds() / 1_000_000_000
      set = try control.directory.load(rules: rules)
      try EmbeddedChecks(of: set)?.run(on: set)
    } catch {
      throw CommandFailure("\(error.code.rawValue): \(error)")
    }
    var facts = ["set \(set.setNumber)", "\(set.digest?.descriptor ?? "")"]
    facts.append("\(set.organizations.count) organizations")
    for attachment in set.attachments { facts.append(attachment.kind.name) }
    facts.append(set.keyID.map { "signed by key \($0)" } ?? "signature not verified")
    if let expires = set.expiresSeconds {
      facts.append("expires \(ControlDirectory.time(ofSeconds: expires))")
    }
    try StandardStream.output.write(line: facts.joined(separator: ", "))
  }
}
