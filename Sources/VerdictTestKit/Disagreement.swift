public import VerdictPolicy

/// A check that the engine and the reference interpreter answer differently, with all that is
/// needed to see it again.
public struct Disagreement: Sendable {
  /// Where it was found: a seed, or the name of an exhaustive world.
  public var title: String
  public var documents: [PolicyDocument]
  public var check: ReferenceCheck
  public var way: CompiledWorld.Way
  public var expected: ReferenceAnswer
  public var actual: ReferenceAnswer

  /// The same with the smallest documents that still show it: every part of them is left out for
  /// good where the two still disagree without it and the rest is a valid document.
  ///
  /// - Parameter models: what the documents are checked against.
  public func reduced(models: AccessModels) -> Disagreement {
    var best = self
    var isSmaller = true
    while isSmaller {
      isSmaller = false
      var index = 0
      while index < best.documents.count {
        var documents = best.documents
        documents.remove(at: index)
        if !documents.isEmpty, let next = best.seenAgain(in: documents, models) {
          best = next
          isSmaller = true
          continue
        }
        var part = 0
        while let smaller = best.documents[index].without(part: part) {
          documents = best.documents
          documents[index] = smaller
          if let next = best.seenAgain(in: documents, models) {
            // What came behind the part has its number now.
            best = next
            isSmaller = true
          } else {
            part += 1
          }
        }
        index += 1
      }
    }
    return best
  }

  /// What the documents say, if they are valid as text, compile, and still show a disagreement.
  private func seenAgain(
    in documents: [PolicyDocument], _ models: AccessModels
  ) -> Disagreement? {
    for document in documents {
      let text = Array(YAMLWriter.text(of: document).utf8)
      guard (try? PolicyDocument.parse(bytes: text, path: "world.yaml", models: models)) != nil
      else { return nil }
    }
    guard let engine = try? CompiledWorld(documents) else { return nil }
    var result = self
    result.documents = documents
    result.expected = ReferenceInterpreter(documents: documents).decide(check)
    guard let actual = engine.decide(check, by: way), actual != result.expected else { return nil }
    result.actual = actual
    return result
  }
}

extension Disagreement: CustomStringConvertible {
  /// On one line, without the documents.
  public var description: String {
    "\(title): \(check): the contract says \(expected), the engine (\(way.rawValue)) says \(actual)"
  }

  /// With the documents as YAML.
  public var report: String {
    documents.map { YAMLWriter.text(of: $0) }.joined(separator: "---\n") + "\n\(description)\n"
  }
}
