// Hashes as they stand in names and labels of what controllers make.
#pragma once

#include <cstdint>
#include <string>

namespace plumb::controllers {

// The decimal digits of the hash in the alphabet of generated names, which spells no words.
std::string safe_encoded(std::uint32_t hash);

}  // namespace plumb::controllers
