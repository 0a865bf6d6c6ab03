#include "reference/cluster/image/oci.h"

#include <openssl/sha.h>

#include <cstdio>
#include <cstring>
#include <nlohmann/json.hpp>

#include "harness/base/encoding.h"

namespace plumb::cluster {
namespace {

using nlohmann::json;

constexpr std::size_t kBlock = 512;

std::string sha256(std::string_view bytes) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest);
  return hex_encode(std::string_view(reinterpret_cast<const char*>(digest), sizeof digest));
}

json descriptor(const char* type, std::string_view bytes) {
  return {{"mediaType", type}, {"digest", "sha256:" + sha256(bytes)}, {"size", bytes.size()}};
}

json config(const ImageSpec& image, const std::string& layer_digest) {
  json env = json::array();
  for (const auto& [name, value] : image.env) env.push_back(name + "=" + value);
  return {{"architecture", "amd64"},
          {"os", "linux"},
          {"config", {{"Entrypoint", image.entrypoint}, {"Cmd", image.command}, {"Env", env}, {"WorkingDir", "/"}}},
          {"rootfs", {{"type", "layers"}, {"diff_ids", {"sha256:" + layer_digest}}}}};
}

void add_blob(Tar& tar, std::map<std::string, bool>& written, std::string_view bytes) {
  const std::string path = "blobs/sha256/" + sha256(bytes);
  if (!std::exchange(written[path], true)) tar.file(path, bytes);
}

}  // namespace

void Tar::header(const std::string& path, char type, std::uint64_t size, unsigned mode) {
  char block[kBlock] = {};
  std::snprintf(block, 100, "%s", path.c_str());
  std::snprintf(block + 100, 8, "%07o", mode);
  std::snprintf(block + 108, 8, "%07o", 0);
  std::snprintf(block + 116, 8, "%07o", 0);
  std::snprintf(block + 124, 12, "%011llo", static_cast<unsigned long long>(size));
  std::snprintf(block + 136, 12, "%011o", 0);
  std::memset(block + 148, ' ', 8);
  block[156] = type;
  std::memcpy(block + 257, "ustar\00000", 8);
  unsigned sum = 0;
  for (const char c : block) sum += static_cast<unsigned char>(c);
  std::snprintf(block + 148, 8, "%06o", sum);
  bytes_.append(block, kBlock);
}

void Tar::file(const std::string& path, std::string_view content, unsigned mode) {
  header(path, '0', content.size(), mode);
  bytes_.append(content);
  bytes_.append((kBlock - content.size() % kBlock) % kBlock, '\0');
}

void Tar::folder(const std::string& path, unsigned mode) { header(path + "/", '5', 0, mode); }

std::string Tar::finish() && {
  bytes_.append(2 * kBlock, '\0');
  return std::move(bytes_);
}

Result<std::string> oci_archive(const ImageSet& set) {
  Tar tar;
  std::map<std::string, bool> written;
  tar.file("oci-layout", R"({"imageLayoutVersion":"1.0.0"})");
  add_blob(tar, written, set.layer);
  json manifests = json::array();
  for (const auto& image : set.images) {
    const auto colon = image.reference.rfind(':');
    if (colon == std::string::npos || image.reference.find('/', colon) != std::string::npos)
      return fail(Code::invalid_argument, "building image " + image.reference + ": the name has no tag");
    const std::string config_text = config(image, sha256(set.layer)).dump();
    const std::string manifest = json{{"schemaVersion", 2},
                                      {"mediaType", "application/vnd.oci.image.manifest.v1+json"},
                                      {"config", descriptor("application/vnd.oci.image.config.v1+json", config_text)},
                                      {"layers", {descriptor("application/vnd.oci.image.layer.v1.tar", set.layer)}}}
                                     .dump();
    add_blob(tar, written, config_text);
    add_blob(tar, written, manifest);
    json entry = descriptor("application/vnd.oci.image.manifest.v1+json", manifest);
    entry["annotations"] = {{"io.containerd.image.name", image.reference},
                            {"org.opencontainers.image.ref.name", image.reference.substr(colon + 1)}};
    entry["platform"] = {{"architecture", "amd64"}, {"os", "linux"}};
    manifests.push_back(std::move(entry));
  }
  tar.file("index.json", json{{"schemaVersion", 2}, {"manifests", manifests}}.dump());
  return std::move(tar).finish();
}

ImageSet test_images(std::string_view program) {
  Tar layer;
  layer.folder("etc");
  layer.file("etc/passwd", "root:x:0:0:root:/:/plumb-test\nplumb:x:1000:1000:plumb:/:/plumb-test\n");
  layer.file("etc/group", "root:x:0:\nplumb:x:1000:\n");
  layer.folder("tmp", 01777);
  layer.file("plumb-test", program, 0755);
  ImageSet set;
  set.layer = std::move(layer).finish();
  const auto version = [](const char* value) { return std::map<std::string, std::string>{{"PATH", "/"}, {"PLUMB_IMAGE_VERSION", value}}; };
  set.images = {{kTestImage, {"/plumb-test"}, {"serve"}, version("v1")},
                {kTestImageV2, {"/plumb-test"}, {"serve"}, version("v2")},
                {kSandboxImage, {"/plumb-test", "pause"}, {}, version("v1")}};
  return set;
}

ImageSet dns_image(std::string_view program, const std::map<std::string, std::string>& libraries) {
  Tar layer;
  layer.folder("etc");
  layer.file("etc/passwd", "root:x:0:0:root:/:/plumbd\n");
  layer.folder("tmp", 01777);
  for (const auto& [path, content] : libraries) layer.file(path.substr(1), content, 0755);
  layer.file("plumbd", program, 0755);
  ImageSet set;
  set.layer = std::move(layer).finish();
  set.images = {{kDnsImage, {"/plumbd", "dns"}, {}, {{"PATH", "/"}}}};
  return set;
}

}  // namespace plumb::cluster
