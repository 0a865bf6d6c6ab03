#include "harness/base/random.h"

#include <sys/random.h>

#include <cstdlib>
#include <string_view>

namespace plumb {

std::string Random::suffix(std::size_t length) {
  static constexpr std::string_view alphabet = "bcdfghjklmnpqrstvwxz2456789";
  std::string out(length, ' ');
  for (char& c : out) c = alphabet[below(alphabet.size())];
  return out;
}

std::string random_bytes(std::size_t count) {
  std::string out(count, '\0');
  for (std::size_t got = 0; got < count;) {
    const ssize_t n = getrandom(out.data() + got, count - got, 0);
    if (n > 0) got += static_cast<std::size_t>(n);
  }
  return out;
}

namespace {
Random& thread_random() {
  thread_local Random random([] {
    std::uint64_t seed = 0;
    const std::string bytes = random_bytes(sizeof seed);
    bytes.copy(reinterpret_cast<char*>(&seed), sizeof seed);
    return seed;
  }());
  return random;
}
}  // namespace

std::string random_uuid() {
  const std::uint64_t parts[2] = {thread_random().next(), thread_random().next()};
  static constexpr char hex[] = "0123456789abcdef";
  std::string out;
  for (int i = 0; i < 32; ++i) {
    if (i == 8 || i == 12 || i == 16 || i == 20) out += '-';
    unsigned nibble = static_cast<unsigned>(parts[i / 16] >> (4 * (i % 16))) & 15u;
    if (i == 12) nibble = 4;
    if (i == 16) nibble = 8 | (nibble & 3);
    out += hex[nibble];
  }
  return out;
}

std::string random_suffix(std::size_t length) { return thread_random().suffix(length); }

}  // namespace plumb
