// Container images from files at hand: no network, no docker, no registry. Writes an OCI image layout (image-spec 1.0) as one tar, which
// `ctr images import`, skopeo and docker load read. The same input gives the same bytes: there is no time in it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "harness/base/result.h"

namespace plumb::cluster {

// A ustar archive in memory.
class Tar {
 public:
  void file(const std::string& path, std::string_view content, unsigned mode = 0644);
  void folder(const std::string& path, unsigned mode = 0755);
  std::string finish() &&;

 private:
  void header(const std::string& path, char type, std::uint64_t size, unsigned mode);
  std::string bytes_;
};

struct ImageSpec {
  std::string reference;  // registry/name:tag
  std::vector<std::string> entrypoint, command;
  std::map<std::string, std::string> env;
};

// Images that share one layer, e.g. several tags of one program.
struct ImageSet {
  std::string layer;  // an uncompressed tar
  std::vector<ImageSpec> images;
};
Result<std::string> oci_archive(const ImageSet& set);

// The set every cluster of ours gets: the test image in two versions (equal but for PLUMB_IMAGE_VERSION), and the sandbox image.
inline constexpr char kTestImage[] = "registry.plumbline.test/plumb-test:v1";
inline constexpr char kTestImageV2[] = "registry.plumbline.test/plumb-test:v2";
inline constexpr char kSandboxImage[] = "registry.plumbline.test/pause:v1";
ImageSet test_images(std::string_view program);

// The image of `plumbd dns`: the program and the shared libraries that it needs, each under its own path ("/lib/…"): nothing else is in it.
inline constexpr char kDnsImage[] = "registry.plumbline.test/dns:v1";
ImageSet dns_image(std::string_view program, const std::map<std::string, std::string>& libraries);

}  // namespace plumb::cluster
