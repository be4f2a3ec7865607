public import VerdictModel

/// Collects keys with their values and writes them as a `KeyTable` section.
///
/// The same keys in the same order give the same bytes. Building takes about half a microsecond a
/// key: buckets of falling size look for the first pilot that sends all their keys to free slots;
/// where one finds none, or two keys have one hash, everything is done again with the next seed.
public struct KeyTableBuilder {
  struct Entry {
    var offset: Int
    var value: UInt32
    var extra: UInt16
    var length: UInt8
    var tag: UInt8

    /// The first word of its slot.
    var head: UInt64 {
      UInt64(value) | UInt64(tag) << 32 | UInt64(length) << 40 | UInt64(extra) << 48
    }
  }

  var keys: [UInt8] = []
  var entries: [Entry] = []

  public init() {}

  public var count: Int { entries.count }

  /// Adds a key. Keys are distinct by (tag, bytes); that is the caller's to see to.
  ///
  /// - Precondition: `key` has 1 to 255 bytes.
  public mutating func add(tag: UInt8, _ key: ByteView, value: UInt32, extra: UInt16 = 0) {
    precondition(tag < KeyTable.unusedTag, "a tag that keys may have")
    precondition(key.count >= 1 && key.count <= Limits.idByteCountMax, "a key has 1 to 255 bytes")
    entries.append(
      Entry(
        offset: keys.count, value: value, extra: extra, length: UInt8(key.count), tag: tag))
    // SAFETY: copied at once.
    unsafe keys.append(contentsOf: key.buffer)
  }

  /// The finished section, and the slot of each key in the order of adding.
  public func build() -> (section: [UInt8], slots: [UInt32]) {
    let slotCount = max(1, (entries.count * 20 + 18) / 19)
    let bucketCount = max(1, (entries.count + 3) / 4)
    for seed in 1...KeyTableBuilder.seedMax {
      let salt = KeyHash.salt(seed: seed)
      if let layout = place(salt: salt, slotCount: slotCount, bucketCount: bucketCount) {
        return (write(layout, salt: salt, slotCount: slotCount), layout.slots)
      }
    }
    preconditionFailure("distinct keys are told apart under one of many seeds")
  }

  /// The first seed almost always does; no keys are known that need a second.
  private static var seedMax: UInt64 { 1_000 }

  struct Layout {
    var pilots: [UInt16]
    var slots: [UInt32]
    var hashes: [UInt64]
  }

  /// A key in its bucket.
  private struct Member {
    var hash: UInt64
    var index: UInt32
  }

  private func hashes(salt: UInt64) -> [UInt64] {
    keys.withByteView { keys in
      entries.map { entry in
        let key = keys[entry.offset..<entry.offset + Int(entry.length)]
        return KeyHash.words(tag: entry.tag, key, salt: salt).hash
      }
    }
  }

  private func place(salt: UInt64, slotCount: Int, bucketCount: Int) -> Layout? {
    let hashes = hashes(salt: salt)
    // Keys by bucket: counting sort, stable and therefore deterministic.
    var starts = [UInt32](repeating: 0, count: bucketCount + 1)
    func bucket(_ hash: UInt64) -> Int {
      KeyHash.bucket(hash: hash, bucketCount: UInt64(bucketCount))
    }
    for hash in hashes { starts[bucket(hash) + 1] += 1 }
    var largest = 0
    for index in 0..<bucketCount {
      largest = max(largest, Int(starts[index + 1]))
      starts[index + 1] += starts[index]
    }
    // With their hashes beside them: the search reads those of a bucket many times, in one line.
    var members = [Member](repeating: Member(hash: 0, index: 0), count: hashes.count)
    var next = starts
    for (index, hash) in hashes.enumerated() {
      let place = bucket(hash)
      members[Int(next[place])] = Member(hash: hash, index: UInt32(index))
      next[place] += 1
    }
    var bySize = [[UInt32]](repeating: [], count: largest + 1)
    for index in 0..<bucketCount {
      bySize[Int(starts[index + 1] - starts[index])].append(UInt32(index))
    }

    var layout = Layout(
      pilots: Array(repeating: 0, count: bucketCount),
      slots: Array(repeating: 0, count: hashes.count), hashes: hashes)
    var taken = [UInt64](repeating: 0, count: (slotCount + 63) / 64)
    var candidate = [Int](repeating: 0, count: largest)
    for size in stride(from: largest, to: 0, by: -1) {
      for bucket in bySize[size] {
        let range = Int(starts[Int(bucket)])..<Int(starts[Int(bucket) + 1])
        guard
          let pilot = pilot(
            for: range, of: members, slotCount: slotCount, &taken, &candidate)
        else { return nil }
        layout.pilots[Int(bucket)] = pilot
        for place in range {
          layout.slots[Int(members[place].index)] = UInt32(candidate[place - range.lowerBound])
        }
      }
    }
    return layout
  }

  /// The first pilot that sends every member to a slot of its own; takes these slots.
  private func pilot(
    for range: Range<Int>, of members: [Member], slotCount: Int,
    _ taken: inout [UInt64], _ candidate: inout [Int]
  ) -> UInt16? {
    for pilot in UInt16.min...UInt16.max {
      var placed = 0
      for place in range {
        let slot = KeyHash.slot(
          hash: members[place].hash, pilot: pilot, slotCount: UInt64(slotCount))
        if taken[slot >> 6] & (1 << UInt64(slot & 63)) != 0 { break }
        taken[slot >> 6] |= 1 << UInt64(slot & 63)
        candidate[placed] = slot
        placed += 1
      }
      if placed == range.count { return pilot }
      for place in 0..<placed {
        taken[candidate[place] >> 6] &= ~(1 << UInt64(candidate[place] & 63))
      }
    }
    return nil
  }

  /// The capacity that makes the section smallest; of equal ones the smaller. A small table takes
  /// its longest key in: its bytes don't matter, and a key in the slot is compared faster.
  private func keyCapacity(slotCount: Int) -> Int {
    let longest = entries.reduce(0) { max($0, Int($1.length)) }
    if entries.count <= KeyTableBuilder.smallCount,
      let fitting = KeyTable.keyCapacities.first(where: { $0 >= longest })
    {
      return fitting
    }
    var best = (capacity: 0, bytes: Int.max)
    for capacity in KeyTable.keyCapacities {
      var bytes = slotCount * (8 + capacity)
      for entry in entries where Int(entry.length) > capacity { bytes += Int(entry.length) }
      if bytes < best.bytes { best = (capacity, bytes) }
    }
    return best.capacity
  }

  private static var smallCount: Int { 1_024 }

  private func write(_ layout: Layout, salt: UInt64, slotCount: Int) -> [UInt8] {
    let capacity = keyCapacity(slotCount: slotCount)
    let slotsOffset = KeyTable.slotsOffset(bucketCount: layout.pilots.count)
    let slotsEnd = slotsOffset + slotCount * (8 + capacity)
    var bytes = [UInt8](repeating: 0, count: slotsEnd)
    var heap: [UInt8] = []
    bytes.store(UInt32(slotCount), at: 0)
    bytes.store(UInt32(layout.pilots.count), at: 4)
    bytes.store(UInt32(capacity), at: 8)
    bytes.store(UInt32(entries.count), at: 12)
    bytes.store(salt, at: 16)
    bytes.store(UInt64(slotsOffset), at: 32)
    for (index, pilot) in layout.pilots.enumerated() {
      bytes.store(pilot, at: KeyTable.headerByteCount + index * 2)
    }
    for slot in 0..<slotCount {
      bytes.store(KeySlot().head, at: slotsOffset + slot * (8 + capacity))
    }
    for (index, entry) in entries.enumerated() {
      let place = slotsOffset + Int(layout.slots[index]) * (8 + capacity)
      bytes.store(entry.head, at: place)
      let key = entry.offset..<entry.offset + Int(entry.length)
      if key.count <= capacity {
        precondition(place + 8 + key.count <= bytes.count, "a key inside its slot")
        // SAFETY: both ranges lie in their arrays, by this check and by `add`.
        unsafe bytes.withUnsafeMutableBytes { bytes in
          unsafe keys.withUnsafeBytes { keys in
            unsafe (bytes.baseAddress.unsafelyUnwrapped + place + 8).copyMemory(
              from: keys.baseAddress.unsafelyUnwrapped + key.lowerBound, byteCount: key.count)
          }
        }
      } else {
        bytes.store(UInt64(heap.count), at: place + 8)
        bytes.store(layout.hashes[index], at: place + 16)
        heap.append(contentsOf: keys[key])
      }
    }
    bytes.store(UInt64(heap.count), at: 24)
    bytes.append(contentsOf: heap)
    return bytes
  }
}

extension [UInt8] {
  /// Writes an integer, little-endian, at `offset`.
  ///
  /// - Precondition: it ends inside the array.
  @inlinable
  public mutating func store<T: FixedWidthInteger>(_ value: T, at offset: Int) {
    precondition(offset >= 0 && offset + MemoryLayout<T>.size <= count, "a place in the array")
    // SAFETY: the range was just checked.
    unsafe withUnsafeMutableBytes { buffer in
      unsafe buffer.storeBytes(of: value.littleEndian, toByteOffset: offset, as: T.self)
    }
  }

  /// Appends an integer, little-endian.
  @inlinable
  public mutating func append<T: FixedWidthInteger>(integer value: T) {
    // SAFETY: the value's own bytes, copied at once.
    unsafe Swift.withUnsafeBytes(of: value.littleEndian) { unsafe append(contentsOf: $0) }
  }

  /// Appends words, each little-endian.
  public mutating func append(integers words: [UInt32]) {
    reserveCapacity(count + words.count * 4)
    for word in words { append(integer: word) }
  }
}
