// A file that lint reads: its text, what kind of file it is, and where its bytes stand.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace slipway::lint {

enum class Kind { Dockerfile, Workflow, Compose, Log };

struct SourceFile {
  std::string path;  // as findings show it
  Kind kind = Kind::Dockerfile;
  std::string text;
};

/// Lines and columns count from 1, a column counts bytes; a byte order mark is not part of line 1.
struct Place {
  int line = 1;
  int column = 1;
  bool operator==(const Place&) const = default;
};

/// The lines of a text; the text must outlive it.
class LineIndex {
 public:
  explicit LineIndex(std::string_view text);

  Place place(size_t offset) const;
  size_t offset(int line, int column = 1) const;
  /// Where a line begins; one past the last line is the end of the text.
  size_t start(int line) const;
  /// Without its end; empty for a line that is not there.
  std::string_view line(int line) const;
  int count() const { return static_cast<int>(starts_.size()); }

 private:
  std::string_view text_;
  std::vector<size_t> starts_;
};

/// "\r\n" if the first line ends so, else "\n".
std::string_view line_end_of(std::string_view text);

/// What a path alone tells: Dockerfile, Dockerfile.x, x.Dockerfile, Containerfile;
/// .github/workflows/x.yaml; compose.yaml, docker-compose.x.yml; x.log, x.rawjson.
std::optional<Kind> kind_of_path(std::string_view path);
/// What the content tells of a file that was named; a Dockerfile if nothing else fits.
Kind kind_of_text(std::string_view text);
/// Whether it is a log of BuildKit, plain or rawjson.
bool is_build_log(std::string_view text);

}  // namespace slipway::lint
