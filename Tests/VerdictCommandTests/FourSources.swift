import Glibc
import VerdictControl
import VerdictModel
import VerdictPolicy
import VerdictServer
import VerdictSystem
import VerdictTestKit

@testable import verdict

/// The same policies behind each of the four sources of `verdict check`.
final class FourSources {
  let directory: String
  let activation: Activation
  let server: Server
  let set: LoadedSet
  private(set) var sources: [(name: String, source: CheckSource)] = []
  /// The same, but the server's TCP port, which serves no inspections.
  private(set) var inspections: [(name: String, source: any InspectionSource)] = []

  init(_ documents: [PolicyDocument]) throws {
    directory = "/tmp/verdict-sources-\(SystemRandom.word())"
    let policies = directory + "/policies"
    try File.createDirectories(policies)
    for (index, document) in documents.enumerated() {
      try File.create(
        "\(policies)/\(index).yaml", with: Array(YAMLWriter.text(of: document).utf8))
    }
    let compiled = try CompiledDocuments(paths: [policies], models: nil)
    let control = ControlDirectory(path: directory + "/control")
    _ = try control.publish(
      PublishRequest(
        snapshots: compiled.organizations.map {
          OrganizationSnapshot(bytes: $0.snapshot, compilerVersion: ProductVersion.text)
        }, terms: SetTerms(createdSeconds: 1)))
    set = try control.load()
    let socket = SocketAddress.unix(path: directory + "/socket")
    var configuration = ServerConfiguration(
      listeners: [
        ListenerSettings(.tcp(host: "127.0.0.1", port: 0)), ListenerSettings(socket),
      ], loopCount: 1)
    configuration.listeners[1].servesInspection = true
    let publication = Publication(slotCount: configuration.slotCount)
    activation = Activation(publication: publication)
    activation.activate(set)
    let state = ServiceState(version: ProductVersion.text, streamCountMax: 100)
    server = try Server(configuration, publication: publication) { _ in Services(state) }

    sources = [
      ("--policy", try .local(.documents(paths: [policies], models: nil))),
      ("--control", try .local(.control(path: control.path))),
      ("--server HOST:PORT", try .server(server.addresses[0])),
      ("--server unix:PATH", try .server(server.addresses[1])),
    ]
    inspections = [
      ("--policy", try LocalSnapshots.documents(paths: [policies], models: nil)),
      ("--control", try LocalSnapshots.control(path: control.path)),
      ("--server unix:PATH", try ServerInspection(server.addresses[1])),
    ]
    if let only = compiled.organizations.first, compiled.organizations.count == 1 {
      let path = directory + "/snapshot"
      try File.create(path, with: only.snapshot)
      sources.append(("--snapshot", try .local(.snapshot(path: path))))
      inspections.append(("--snapshot", try LocalSnapshots.snapshot(path: path)))
    }
  }

  deinit {
    server.stopNow()
    server.waitUntilStopped()
    activation.deactivate()
    FourSources.remove(directory)
  }

  private static func remove(_ path: String) {
    for name in (try? File.names(in: path)) ?? [] { remove("\(path)/\(name)") }
    if unsafe rmdir(path) != 0 { try? File.remove(path) }
  }
}

extension Check {
  /// The same check, where text can say it.
  init?(_ check: ReferenceCheck) {
    func text(_ bytes: [UInt8]) -> String? {
      bytes.withByteView { Identifier.isText($0) } || bytes.contains(0)
        ? String(validating: bytes, as: UTF8.self) : nil
    }
    let members = [check.organization, check.workspace, check.resource, check.target]
    guard let principal = text(check.principal), let action = text(check.action),
      members.allSatisfy({ $0 == nil || $0.flatMap(text) != nil })
    else { return nil }
    self.init(
      organization: check.organization.flatMap(text), principal: principal,
      workspace: check.workspace.flatMap(text), action: action,
      resource: check.resource.flatMap(text), target: check.target.flatMap(text))
  }
}
