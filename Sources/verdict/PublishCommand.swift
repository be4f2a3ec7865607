internal import ArgumentParser
internal import VerdictControl
internal import VerdictModel
internal import VerdictSystem

struct PublishCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "publish",
    abstract: "Compile policy documents and make them what a control directory serves.",
    discussion: """
      All documents together are the new set: an organization that is not among them is no longer \
      served. Servers that watch the directory switch within about a second, all organizations at \
      once. The set before stays in the directory's history.

      Nothing is published if any document has an error. Publishing what is current already \
      changes nothing and keeps the set's number.
      """)

  @OptionGroup var policies: PolicyArguments

  @Option(
    help: ArgumentHelp("The control directory; made if it is missing.", valueName: "dir"))
  var control: String

  @Option(help: ArgumentHelp("Why, for the history.", valueName: "text"))
  var message = ""

  func validate() throws {
    if control.isEmpty { throw ValidationError("--control needs the name of a directory.") }
  }

  func run() throws {
    let compiled = try policies.compiled()
    let published: PublishedSet
    do throws(ControlError) {
      published = try ControlDirectory(path: control).publish(
        snapshots: compiled.organizations.map {
          OrganizationSnapshot(bytes: $0.snapshot, compilerVersion: ProductVersion.text)
        },
        message: message, author: "",
        createdSeconds: SystemClock.realNanoseconds() / 1_000_000_000)
    } catch {
      throw CommandFailure(error.description)
    }
    for line in PublishCommand.report(published) { try StandardStream.output.write(line: line) }
  }

  /// The set, then what became of each organization.
  static func report(_ set: PublishedSet) -> [String] {
    var lines = [
      set.isNew
        ? "published set \(set.number), \(set.digest)"
        : "nothing to publish: set \(set.number), \(set.digest), has the same content"
    ]
    for organization in set.organizations {
      lines.append(
        "\(organization.isChanged ? "changed" : "unchanged") \(name(organization.organization)): "
          + "generation \(organization.generation), \(organization.byteCount) bytes, "
          + "\(organization.digest)")
    }
    for organization in set.removed { lines.append("removed \(name(organization))") }
    return lines
  }

  private static func name(_ id: [UInt8]) -> String {
    "`\(TerminalText.escaped(String(decoding: id, as: UTF8.self)))`"
  }
}
