// plumb-image test|dns PROGRAM ARCHIVE: packs a program into an archive of images that every node loads. Used by the build.
#include <cstdio>
#include <fstream>

#include "harness/base/encoding.h"
#include "harness/base/file.h"
#include "harness/base/process.h"
#include "reference/cluster/image/oci.h"

namespace {

using namespace plumb;

// What the loader would load, by path: `ldd` prints "libc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x…)" and "/lib64/ld-linux-x86-64.so.2 (0x…)".
Result<std::map<std::string, std::string>> libraries_of(const std::string& program) {
  std::map<std::string, std::string> found;
  const std::string listing = PLUMB_TRY(run_checked({"ldd", program}));
  for (const std::string_view line : split(listing, '\n')) {
    if (line.find("not found") != line.npos) return fail(Code::not_found, "finding the libraries of " + program + ": " + std::string(trim(line)));
    const auto begin = line.find('/'), end = line.find(" (", begin == line.npos ? 0 : begin);
    if (begin == line.npos || end == line.npos) continue;
    const std::string path(line.substr(begin, end - begin));
    found[path] = PLUMB_TRY(read_file(path));
  }
  return found;
}

Result<cluster::ImageSet> images(const std::string& kind, const std::string& program) {
  const std::string bytes = PLUMB_TRY(read_file(program));
  if (kind == "test") return cluster::test_images(bytes);
  if (kind == "dns") return cluster::dns_image(bytes, PLUMB_TRY(libraries_of(program)));
  return fail(Code::invalid_argument, "there are no images called " + kind + "; there are test and dns");
}

Status pack(const std::string& kind, const std::string& program, const std::string& archive) {
  const std::string packed = PLUMB_TRY(cluster::oci_archive(PLUMB_TRY(images(kind, program))));
  std::ofstream out(archive, std::ios::binary | std::ios::trunc);
  out << packed;
  if (!out.flush()) return fail(Code::internal, "writing " + archive + ": no space or no permission");
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: plumb-image test|dns PROGRAM ARCHIVE\n");
    return 2;
  }
  const Status packed = pack(argv[1], argv[2], argv[3]);
  if (!packed.ok()) std::fprintf(stderr, "plumb-image: %s\n", packed.error().message.c_str());
  return packed.ok() ? 0 : 1;
}
