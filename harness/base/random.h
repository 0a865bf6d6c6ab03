// Randomness from a seed that can be named, so that a run can be repeated. Not for secrets: see random_bytes().
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>

namespace plumb {

class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}
  std::uint64_t next() { return engine_(); }
  std::uint64_t below(std::uint64_t bound) { return std::uniform_int_distribution<std::uint64_t>(0, bound - 1)(engine_); }
  double uniform() { return std::uniform_real_distribution<double>(0, 1)(engine_); }
  // A name suffix in Kubernetes' alphabet (no vowels, no look-alikes), as generateName appends.
  std::string suffix(std::size_t length);

 private:
  std::mt19937_64 engine_;
};

// From the kernel; good for keys and tokens.
std::string random_bytes(std::size_t count);
// RFC 4122 version 4.
std::string random_uuid();
// Like Random::suffix, from a per-thread generator seeded by the kernel.
std::string random_suffix(std::size_t length);

}  // namespace plumb
