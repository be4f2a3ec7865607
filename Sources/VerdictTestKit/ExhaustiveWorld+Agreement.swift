extension ExhaustiveWorld {
  /// Asks engine and reference interpreter everything.
  ///
  /// - Returns: how many checks were compared, and the first ten that they disagree about.
  /// - Throws: where the document does not compile.
  public func compare() throws -> (checkCount: Int, disagreements: [String]) {
    let reference = ReferenceInterpreter(documents: [document])
    let engine = try CompiledWorld([document])
    var disagreements: [String] = []
    forEachCheck { check in
      let expected = reference.decide(check)
      let actual = engine.decide(check)
      if expected == actual || disagreements.count >= 10 { return }
      disagreements.append(
        "\(title): \(check): the contract says \(expected), the engine says \(actual)")
    }
    return (count, disagreements)
  }
}
