internal import ArgumentParser
internal import VerdictControl
internal import VerdictCrypto
internal import VerdictSettings
internal import VerdictSystem

/// The control directory that a command is about.
struct ControlOption: ParsableArguments {
  @Option(help: ArgumentHelp("The control directory.", valueName: "dir"))
  var control: String

  func validate() throws {
    if control.isEmpty { throw ValidationError("--control needs the name of a directory.") }
  }

  var directory: ControlDirectory { ControlDirectory(path: control) }
}

/// Who does something to a control directory.
struct AuthorOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Who, for the history; the user's name ($USER) if not given.", valueName: "name"))
  var author: String?

  var name: String { author ?? ProcessIdentity.environment("USER") ?? "" }
}

/// How a new set is signed, and whose signatures count meanwhile.
struct SigningOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("Sign the set with this private key.", valueName: "file"))
  var key: String?

  @Option(
    name: .customLong("trust"),
    help: ArgumentHelp(
      """
      A public key beside that of --key whose signatures count for content that the directory \
      has already. May be given several times.
      """, valueName: "file"))
  var trusted: [String] = []

  @Option(
    help: ArgumentHelp(
      "The signed set counts from this time on, as 2026-01-31T12:00:00Z.", valueName: "time"),
    transform: TimeOption.seconds)
  var notBefore: Int64?

  @Option(
    help: ArgumentHelp(
      "The signed set expires after so long: 90d, 12h, 30m or 45s.", valueName: "span"),
    transform: TimeOption.span)
  var expiresIn: Int64?

  func validate() throws {
    if key == nil && (notBefore != nil || expiresIn != nil || !trusted.isEmpty) {
      throw ValidationError("--not-before, --expires-in and --trust go with --key.")
    }
  }

  func signing(_ nowSeconds: Int64) throws(CommandFailure) -> SetSigning? {
    guard let key else { return nil }
    do throws(ControlError) {
      return SetSigning(
        key: try SigningKey.load(file: key), notBeforeSeconds: notBefore,
        expiresSeconds: expiresIn.map { nowSeconds + $0 })
    } catch {
      throw CommandFailure(error.description)
    }
  }
}

/// What all commands that make a new set can say about it.
struct SetOptions: ParsableArguments {
  @OptionGroup var control: ControlOption
  @OptionGroup var author: AuthorOption
  @OptionGroup var signing: SigningOptions

  @Option(
    help: ArgumentHelp("How many sets stay in the history.", valueName: "n"))
  var keep: Int = ControlLimits.historyCount

  @Option(
    help: ArgumentHelp(
      "Let this set pass where the servers' guard would hold it back; why is kept in the history.",
      valueName: "reason"))
  var overrideGuard: String?

  @Flag(help: "Tell what would be published, and write nothing.")
  var dryRun = false

  func validate() throws {
    guard (1...ControlLimits.historyCountMax).contains(keep) else {
      throw ValidationError("--keep is a number from 1 to \(ControlLimits.historyCountMax).")
    }
    if overrideGuard?.isEmpty == true {
      throw ValidationError("--override-guard needs a reason.")
    }
  }

  func terms(message: String) throws(CommandFailure) -> SetTerms {
    let now = SystemClock.realNanoseconds() / 1_000_000_000
    var terms = SetTerms(createdSeconds: now)
    terms.message = message
    terms.author = author.name
    terms.signing = try signing.signing(now)
    terms.overrideReason = overrideGuard ?? ""
    terms.keepCount = keep
    terms.isDryRun = dryRun
    do throws(ControlError) {
      terms.trust = try TrustedKeys(files: signing.trusted)
    } catch {
      throw CommandFailure(error.description)
    }
    return terms
  }
}

/// Times on the command line.
enum TimeOption {
  static func seconds(_ text: String) throws(ValidationError) -> Int64 {
    guard let seconds = ControlDirectory.seconds(ofTime: text) else {
      throw ValidationError("`\(text)`: expected a time like 2026-01-31T12:00:00Z.")
    }
    return seconds
  }

  /// Seconds of `90d`, `12h`, `30m` or `45s`.
  static func span(_ text: String) throws(ValidationError) -> Int64 {
    do throws(OptionFault) {
      return try TimeSpan(optionText: text).seconds
    } catch {
      throw ValidationError("`\(text)`: \(error.message).")
    }
  }
}

extension ControlError {
  var failure: CommandFailure { CommandFailure(description) }
}
