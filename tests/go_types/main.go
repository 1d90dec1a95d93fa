// Command gotypes prints what go/types says about packages: the type of every expression and the definition
// of every identifier, a line each. The test beside it holds the model of Go to these lines.
//
//	gotypes [pattern ...]	(as for go list, from the folder it runs in)
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"log"
	"os"
	"os/exec"
	"path/filepath"
)

// listed is what go list says about a package.
type listed struct {
	ImportPath string
	Dir        string
	GoFiles    []string
	Export     string
	DepOnly    bool
	ImportMap  map[string]string
	Module     *struct{ GoVersion string }
}

func main() {
	log.SetFlags(0)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	packages := list(os.Args[1:])
	exports := map[string]string{}
	for _, p := range packages {
		exports[p.ImportPath] = p.Export
	}
	for _, p := range packages {
		if !p.DepOnly && len(p.GoFiles) > 0 {
			check(out, p, exports)
		}
	}
}

func list(patterns []string) []listed {
	arguments := []string{"list", "-export", "-deps", "-json=ImportPath,Dir,GoFiles,Export,DepOnly,ImportMap,Module"}
	command := exec.Command("go", append(arguments, patterns...)...)
	command.Stderr = os.Stderr
	output, err := command.StdoutPipe()
	if err != nil {
		log.Fatal(err)
	}
	if err := command.Start(); err != nil {
		log.Fatal(err)
	}
	var packages []listed
	for decoder := json.NewDecoder(output); ; {
		var p listed
		if err := decoder.Decode(&p); err == io.EOF {
			break
		} else if err != nil {
			log.Fatal(err)
		}
		packages = append(packages, p)
	}
	if err := command.Wait(); err != nil {
		log.Fatal("go list: ", err)
	}
	return packages
}

func check(out io.Writer, p listed, exports map[string]string) {
	fset := token.NewFileSet()
	var files []*ast.File
	for _, name := range p.GoFiles {
		file, err := parser.ParseFile(fset, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			log.Fatal(err)
		}
		files = append(files, file)
	}
	lookup := func(path string) (io.ReadCloser, error) {
		if mapped, ok := p.ImportMap[path]; ok {
			path = mapped
		}
		return os.Open(exports[path])
	}
	config := types.Config{Importer: importer.ForCompiler(fset, "gc", lookup)}
	if p.Module != nil && p.Module.GoVersion != "" {
		config.GoVersion = "go" + p.Module.GoVersion
	}
	info := &types.Info{
		Types: map[ast.Expr]types.TypeAndValue{},
		Defs:  map[*ast.Ident]types.Object{},
		Uses:  map[*ast.Ident]types.Object{},
	}
	checked, err := config.Check(p.ImportPath, fset, files, info)
	if err != nil {
		log.Fatalf("%s: %v", p.ImportPath, err)
	}
	fmt.Fprintf(out, "package\t%s\t%s\n", p.ImportPath, p.Dir)
	written := map[ast.Node]bool{}
	for _, file := range files {
		ast.Inspect(file, func(node ast.Node) bool {
			written[node] = true
			return true
		})
	}
	printer{out, fset, checked, written}.all(info)
}

type printer struct {
	out  io.Writer
	fset *token.FileSet
	of   *types.Package
	// The checker makes up nodes of its own, as the 1 of x++.
	written map[ast.Node]bool
}

func (p printer) all(info *types.Info) {
	for expression, of := range info.Types {
		// A builtin has the type of its call; what stands for no value has none.
		if !of.IsBuiltin() && p.written[expression] {
			p.typed(expression, single(expression, of.Type))
		}
	}
	for name, object := range info.Uses {
		if _, isLabel := object.(*types.Label); !isLabel {
			p.defined(name, object)
		}
	}
	for name, object := range info.Defs {
		switch object.(type) {
		case *types.Var, *types.Const, *types.Func:
			if info.Uses[name] == nil {
				p.typed(name, object.Type())
			}
		}
	}
}

// single drops the second value that a comma-ok form gives.
func single(expression ast.Expr, of types.Type) types.Type {
	tuple, isTuple := of.(*types.Tuple)
	if _, isCall := ast.Unparen(expression).(*ast.CallExpr); isTuple && !isCall && tuple.Len() == 2 {
		return tuple.At(0).Type()
	}
	return of
}

func (p printer) typed(expression ast.Expr, of types.Type) {
	from, to := p.fset.Position(expression.Pos()), p.fset.Position(expression.End())
	if text := spell(of); text != "" {
		fmt.Fprintf(p.out, "type\t%s\t%d\t%d\t%s\n", from.Filename, from.Offset, to.Offset, text)
	}
}

func (p printer) defined(name *ast.Ident, object types.Object) {
	from, to := p.fset.Position(name.Pos()), p.fset.Position(name.End())
	fmt.Fprintf(p.out, "definition\t%s\t%d\t%d\t%s\n", from.Filename, from.Offset, to.Offset, p.object(object))
}

// object names a definition: by its place in the package at hand, and by its path elsewhere.
func (p printer) object(object types.Object) string {
	switch object := object.(type) {
	case *types.PkgName:
		return "import " + object.Imported().Path()
	}
	if object.Pkg() == nil {
		return "universe " + object.Name()
	}
	if object.Pkg() == p.of {
		at := p.fset.Position(object.Pos())
		return fmt.Sprintf("here %s %d", filepath.Base(at.Filename), at.Offset)
	}
	return object.Pkg().Path() + " " + receiver(object) + object.Name()
}

func receiver(object types.Object) string {
	switch object := object.(type) {
	case *types.Var:
		if object.IsField() {
			return "."
		}
	case *types.Func:
		recv := object.Signature().Recv()
		if recv == nil {
			return ""
		}
		of := types.Unalias(recv.Type())
		if pointer, ok := of.(*types.Pointer); ok {
			of = types.Unalias(pointer.Elem())
		}
		if named, ok := of.(*types.Named); ok {
			return named.Obj().Name() + "."
		}
		return "."
	}
	return ""
}
