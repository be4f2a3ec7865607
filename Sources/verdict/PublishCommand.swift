internal import ArgumentParser
internal import VerdictControl
internal import VerdictCrypto
internal import VerdictModel
internal import VerdictPolicy
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
      changes nothing and keeps the set's number; --refresh makes a new set of it, for a new time \
      and signature, and needs no documents.

      With --staged the set goes to the staging area, where no answer comes from; `verdict deploy` \
      makes it the current one.
      """)

  @Argument(
    help: ArgumentHelp(
      "Policy documents: files, or directories with *.yaml, *.yml and *.json files below them.",
      valueName: "policy"))
  var policies: [String] = []

  @OptionGroup var models: ModelOption
  @OptionGroup var options: SetOptions

  @Option(help: ArgumentHelp("Why, for the history.", valueName: "text"))
  var message = ""

  @Option(
    help: ArgumentHelp(
      """
      Policy tests that the set carries: a file, or a directory with *.test.yaml. Servers run \
      them and refuse the set if one fails. May be given several times.
      """, valueName: "path"))
  var checks: [String] = []

  @Option(
    help: ArgumentHelp(
      """
      A route table that the set carries, for gateways, instead of those that ship with the \
      server. May be given once for each access model.
      """, valueName: "file"))
  var routes: [String] = []

  @Flag(help: "Publish into the staging area.")
  var staged = false

  @Flag(help: "Make a new set of the content that is published already.")
  var refresh = false

  func validate() throws {
    if policies.isEmpty != refresh {
      throw ValidationError("Name policy documents, or give --refresh.")
    }
    if refresh && !(checks.isEmpty && routes.isEmpty) {
      throw ValidationError("--checks and --routes go with policy documents.")
    }
  }

  func run() throws {
    var terms = try options.terms(message: message)
    terms.channel = staged ? .staged : .current
    let control = options.control.directory
    if refresh {
      let published: PublishedSet
      do throws(ControlError) {
        published = try control.refresh(terms)
      } catch {
        throw error.failure
      }
      try PublishedReport.tell(published, terms)
      return
    }
    let compiled = try compiled(control, terms)
    let routes = try compiledRoutes()
    if options.dryRun {
      let report = DifferenceReport(
        from: try ComparedSet(currentOf: control), to: try ComparedSet(compiled, routes: routes))
      for line in report.lines { try StandardStream.output.write(line: line) }
    }
    var request = PublishRequest(
      snapshots: compiled.organizations.map {
        OrganizationSnapshot(
          bytes: $0.snapshot, compilerVersion: ProductVersion.text, source: $0.source)
      }, terms: terms)
    request.unchanged = compiled.unchanged
    if !routes.isEmpty { request.attachments.append(SetAttachment(.routes, bytes: routes)) }
    if !checks.isEmpty {
      let embedded = try EmbeddedChecks(
        tests: checks, organizationCount: compiled.organizations.count)
      try Self.run(embedded, request.snapshots)
      request.attachments.append(SetAttachment(.checks, bytes: embedded.bytes))
    }
    let published: PublishedSet
    do throws(ControlError) {
      published = try control.publish(request)
    } catch {
      throw error.failure
    }
    try PublishedReport.tell(published, terms)
  }

  /// Compiles what has changed; everything where access models come from elsewhere, and where the
  /// whole is to be compared or checked.
  private func compiled(
    _ control: ControlDirectory, _ terms: SetTerms
  ) throws(CommandFailure) -> CompiledDocuments {
    if models.models != nil || options.dryRun || !checks.isEmpty {
      return try CompiledDocuments.tellingWarnings(paths: policies, models: models.models)
    }
    let compiled = try CompiledDocuments(paths: policies, known: control.publishedSources(terms))
    for warning in compiled.warnings { StandardStream.error.tell(warning) }
    return compiled
  }

  /// Empty where none were given: gateways' requests are then decided by those that ship.
  private func compiledRoutes() throws(CommandFailure) -> [UInt8] {
    guard !routes.isEmpty else { return [] }
    var options = RouteOptions()
    options.routes = routes
    return try options.bytes(models)
  }

  /// A set that every server would refuse isn't published.
  private static func run(
    _ checks: EmbeddedChecks, _ snapshots: [OrganizationSnapshot]
  ) throws(CommandFailure) {
    do throws(ControlError) {
      try checks.run(on: LoadedSet(compiled: snapshots, after: nil, createdSeconds: 0))
    } catch {
      throw error.failure
    }
  }
}

extension EmbeddedChecks {
  /// The checks of policy tests. Where there are several organizations, a check that names none is
  /// about the one of its file's policies.
  init(tests paths: [String], organizationCount: Int) throws(CommandFailure) {
    var rows: [Row] = []
    do throws(PolicyError) {
      for path in try PolicySet.testFiles(below: paths) {
        let test = try PolicyTest.load(path: path)
        var organization: String?
        if organizationCount > 1, case .paths(let policies) = test.policies {
          let set = try PolicySet.load(paths: policies, models: try AccessModels(option: nil))
          if set.documents.count == 1, let document = set.documents.first {
            organization = document.symbols.text(document.organization.id.symbol)
          }
        }
        for row in test.rows {
          var check = row.check
          check.organization = check.organization ?? organization
          rows.append(
            Row(
              check: check, effect: row.expected.effect, reason: row.expected.reason,
              place: "\(path):\(row.mark.line)"))
        }
      }
    } catch {
      throw CommandFailure(error)
    }
    self.init(rows: rows)
  }
}

/// What became of a set, for people.
enum PublishedReport {
  static func tell(_ set: PublishedSet, _ terms: SetTerms) throws {
    for line in lines(set, terms) { try StandardStream.output.write(line: line) }
  }

  /// The set, then what became of each organization.
  static func lines(_ set: PublishedSet, _ terms: SetTerms) -> [String] {
    let verb =
      switch (terms.isDryRun, terms.channel) {
      case (true, _): "would publish"
      case (false, .current): "published"
      case (false, .staged): "staged"
      }
    var lines = [
      set.isNew
        ? "\(verb) set \(set.number), \(set.digest)"
        : "nothing to publish: set \(set.number), \(set.digest), has the same content"
    ]
    for organization in set.organizations {
      lines.append(
        "\(organization.isChanged ? "changed" : "unchanged") \(name(organization.organization)): "
          + "generation \(organization.generation), \(organization.byteCount) bytes, "
          + "\(organization.digest)")
    }
    for (kind, isChanged) in set.attachments.sorted(by: { $0.key.name < $1.key.name }) {
      lines.append("\(isChanged ? "changed" : "unchanged") \(kind.name)")
    }
    lines += set.removedAttachments.map { "removed \($0.name)" }
    for organization in set.removed { lines.append("removed \(name(organization))") }
    return lines
  }

  static func name(_ id: [UInt8]) -> String {
    "`\(TerminalText.escaped(String(decoding: id, as: UTF8.self)))`"
  }
}
