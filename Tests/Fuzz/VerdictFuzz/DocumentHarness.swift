import VerdictCompiler
import VerdictModel
import VerdictPolicy
import VerdictSnapshot

/// Everything that reads texts. Input: what to read it as, then the text.
///
/// What holds: an error or a value. A document printed in canonical form is the same document: it
/// compiles to the same bytes, in either syntax, and printing it again changes nothing.
final class DocumentHarness: FuzzHarness {
  private let models: AccessModels

  init() throws {
    models = try AccessModels.shipped()
  }

  func run(_ input: ByteView) {
    var reader = InputReader(input)
    let kind = reader.byte()
    let text = reader.rest()
    switch kind % 6 {
    case 0: readDocument(text, "t.yaml")
    case 1: readDocument(text, "t.json")
    case 2: readModel(text, "t.yaml")
    case 3: readModel(text, "t.json")
    case 4: _ = try? PolicyTest.read(text, path: "t.yaml")
    default: readCheck(text)
    }
  }

  private func readDocument(_ text: [UInt8], _ path: String) {
    guard let document = try? PolicyDocument.parse(bytes: text, path: path, models: models).document
    else {
      precondition(canonical(text, path, nil) == nil, "what can't be read can't be printed")
      return
    }
    let snapshot = compiled(document)
    for syntax in [nil, DocumentFormat.Syntax.json] {
      guard let printed = canonical(text, path, syntax) else {
        // JSON has no place for comments; nothing else hinders printing.
        precondition(syntax == .json && text.contains(UInt8(ascii: "#")), "a document is printed")
        continue
      }
      let newPath = syntax == .json ? "t.json" : path
      guard let again = try? PolicyDocument.parse(bytes: printed, path: newPath, models: models)
      else { preconditionFailure("what was printed can be read") }
      precondition(compiled(again.document) == snapshot, "what was printed says the same")
      precondition(canonical(printed, newPath, nil) == printed, "printing again changes nothing")
    }
  }

  private func compiled(_ document: PolicyDocument) -> [UInt8]? {
    guard let snapshot = try? SnapshotCompiler.compile(document) else { return nil }
    let isValid = snapshot.withByteView { (try? SnapshotView(validating: $0)) != nil }
    precondition(isValid, "what was compiled is valid")
    return snapshot
  }

  private func canonical(
    _ text: [UInt8], _ path: String, _ syntax: DocumentFormat.Syntax?
  ) -> [UInt8]? {
    try? DocumentFormat.canonical(text, path: path, models: models, syntax: syntax)
  }

  private func readModel(_ text: [UInt8], _ path: String) {
    guard let model = try? AccessModels.read(text, path: path) else { return }
    precondition(!ModelText(model).lines.isEmpty, "a model can be told")
  }

  private func readCheck(_ text: [UInt8]) {
    text.withByteView { line in
      _ = try? CheckLine(parsing: line).check()
    }
  }
}
