internal import ArgumentParser
internal import VerdictControl
internal import VerdictSystem

struct RollbackCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rollback", abstract: "Publish the content of an earlier set again.",
    discussion: """
      It becomes a new set with a higher number, so that servers, which never go back to a lower \
      one, take it. `verdict history` lists what there is to go back to.
      """)

  @OptionGroup var options: SetOptions

  @Option(help: ArgumentHelp("The number of the set.", valueName: "n"))
  var to: UInt64

  @Option(help: ArgumentHelp("Why, for the history.", valueName: "text"))
  var reason: String

  func validate() throws {
    if reason.isEmpty { throw ValidationError("--reason is not empty.") }
  }

  func run() throws {
    let terms = try options.terms(message: reason)
    let published: PublishedSet
    do throws(ControlError) {
      published = try options.control.directory.rollback(to: to, terms)
    } catch {
      throw error.failure
    }
    try PublishedReport.tell(published, terms)
  }
}

struct DeployCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "deploy", abstract: "Make the staged set the one that is served.",
    discussion: """
      The staged content becomes the next current set by one rename. Where sets are signed, the \
      staged one must be too, with --key's key or one of --trust.
      """)

  @OptionGroup var options: SetOptions

  @Option(help: ArgumentHelp("Why, for the history.", valueName: "text"))
  var message = ""

  func run() throws {
    let terms = try options.terms(message: message)
    let published: PublishedSet
    do throws(ControlError) {
      published = try options.control.directory.deploy(terms)
    } catch {
      throw error.failure
    }
    try PublishedReport.tell(published, terms)
  }
}

struct PinCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pin", abstract: "Keep a control directory at its current set.",
    discussion: """
      Until `verdict unpin`, publishing, deploying and rolling back are refused with the reason. \
      Renewing the current content and staging still work.
      """)

  @OptionGroup var control: ControlOption
  @OptionGroup var author: AuthorOption

  @Option(help: ArgumentHelp("Why.", valueName: "text"))
  var reason: String

  func validate() throws {
    if reason.isEmpty { throw ValidationError("--reason is not empty.") }
  }

  func run() throws {
    do throws(ControlError) {
      try control.directory.pin(
        reason: reason, author: author.name,
        createdSeconds: SystemClock.realNanoseconds() / 1_000_000_000)
    } catch {
      throw error.failure
    }
    try StandardStream.output.write(line: "pinned")
  }
}

struct UnpinCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "unpin", abstract: "Let a control directory go on from its current set.")

  @OptionGroup var control: ControlOption

  func run() throws {
    let pin: DirectoryPin?
    do throws(ControlError) {
      pin = try control.directory.unpin()
    } catch {
      throw error.failure
    }
    try StandardStream.output.write(
      line: pin.map { "was pinned\(TerminalText.escaped($0.text))" } ?? "was not pinned")
  }
}

struct CollectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gc", abstract: "Remove blobs of a control directory that no set needs.")

  @OptionGroup var control: ControlOption

  @Option(
    help: ArgumentHelp(
      "What was written in the last so long stays, because a copying tool may be about to use it.",
      valueName: "span"),
    transform: TimeOption.span)
  var grace: Int64 = ControlLimits.collectionGraceSeconds

  func run() throws {
    let collected: CollectedBlobs
    do throws(ControlError) {
      collected = try control.directory.collect(
        graceSeconds: grace, nowSeconds: SystemClock.realNanoseconds() / 1_000_000_000)
    } catch {
      throw error.failure
    }
    try StandardStream.output.write(
      line: "removed \(collected.removedCount) blobs, \(collected.removedByteCount) bytes; kept"
        + " \(collected.keptCount), and \(collected.youngCount) that are too young")
  }
}
