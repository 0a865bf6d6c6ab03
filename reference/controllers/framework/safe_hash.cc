#include "reference/controllers/framework/safe_hash.h"

#include <string_view>

namespace plumb::controllers {

std::string safe_encoded(std::uint32_t hash) {
  constexpr std::string_view alphabet = "bcdfghjklmnpqrstvwxz2456789";
  std::string encoded = std::to_string(hash);
  for (char& digit : encoded) digit = alphabet[static_cast<unsigned char>(digit) % alphabet.size()];
  return encoded;
}

}  // namespace plumb::controllers
